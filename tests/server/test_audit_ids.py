from gateway.server.audit_ids import AuditIds


def test_audit_ids_have_128_bits_and_never_repeat_over_several_draws() -> None:
    new_id = AuditIds()
    ids = [new_id() for _ in range(3 * AuditIds.DRAWN)]
    assert len(set(ids)) == len(ids)
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)
