from tests.edge.lint.case import bootstrap, check, filter_of


def test_a_filter_that_believes_headers_is_named() -> None:
    def believes(source: str) -> str:
        return bootstrap(filter_of("mcp.v3.Mcp", f"attribute_source: {source}  # !"))

    check("mcp-attribute-source", believes("HEADERS"), believes("VERIFY"))
