"""The API of a small cluster over TLS on loopback: lists, pages, watches, and every way to fail.

Objects have the shape of recorded answers of Kubernetes 1.33: with the fields that nobody reads.
"""

import asyncio
import contextlib
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.certificates import Pair
from tests.support.tls import server_context

POOLS = "inferencepools"
POOL_LIST = {"apiVersion": "inference.networking.k8s.io/v1", "kind": "InferencePoolList"}
POD_LIST = {"apiVersion": "v1", "kind": "PodList"}
OBJECTIVES = "inferenceobjectives"
REWRITES = "inferencemodelrewrites"
OLD_GROUP = "inference.networking.x-k8s.io"
OF_POOLS = tuple(kind + group for kind in (OBJECTIVES, REWRITES) for group in ("", f".{OLD_GROUP}"))
KINDS = ("pods", POOLS, *OF_POOLS)


def pod(
    name: str,
    ip: str | None,
    labels: Mapping[str, str] | None = None,
    *,
    ready: bool = True,
    going: bool = False,
) -> dict[str, Any]:
    """As the API tells a pod, which has the label `app: vllm` unless `labels` say otherwise."""
    metadata: dict[str, Any] = {
        "name": name,
        "generateName": "vllm-6d4b75cb6d-",
        "namespace": "models",
        "uid": "4a8f6f1e-6f0e-4b8e-9d4c-1f2a3b4c5d6e",
        "creationTimestamp": "2026-05-04T09:12:31Z",
        "labels": {"app": "vllm", **(labels or {})},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "vllm-6d4b75cb6d", "controller": True}],
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:x": {}}}],
    }
    if going:
        metadata |= {"deletionTimestamp": "2026-05-04T10:00:00Z", "deletionGracePeriodSeconds": 30}
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None},
        {"type": "ContainersReady", "status": str(ready), "lastProbeTime": None},
        {"type": "Ready", "status": str(ready), "lastProbeTime": None},
    ]
    status: dict[str, Any] = {"phase": "Running", "conditions": conditions, "qosClass": "Burstable"}
    if ip is not None:
        status |= {"hostIP": "10.0.0.4", "podIP": ip, "podIPs": [{"ip": ip}]}
    spec = {"nodeName": "gpu-node-4", "containers": [{"name": "vllm", "image": "vllm/vllm"}]}
    return {"metadata": metadata, "spec": spec, "status": status}


def pool(name: str, *ports: int, **labels: str) -> dict[str, Any]:
    """As the API tells an InferencePool."""
    return {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": name, "namespace": "models", "generation": 2, "uid": "0d1f"},
        "spec": {
            "selector": {"matchLabels": labels},
            "targetPorts": [{"number": port} for port in ports],
            "appProtocol": "http",
            "endpointPickerRef": {"group": "", "kind": "Service", "name": "gatehouse"},
        },
        "status": {"parents": []},
    }


def objective(name: str, priority: int, pool: str = "llama", **changes: Any) -> dict[str, Any]:
    """As the API tells an InferenceObjective."""
    spec = {"poolRef": {"group": "inference.networking.k8s.io", "kind": "InferencePool"}}
    spec["poolRef"]["name"] = pool
    return {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceObjective",
        "metadata": _about(name),
        "spec": {**spec, "priority": priority},
        "status": {"conditions": [{"type": "Accepted", "status": "True"}]},
        **changes,
    }


def rewrite(name: str, model: str, *targets: str, pool: str = "llama") -> dict[str, Any]:
    """As the API tells an InferenceModelRewrite of one rule."""
    rule = {
        "matches": [{"model": {"type": "Exact", "value": model}}],
        "targets": [{"modelRewrite": one, "weight": 1} for one in targets],
    }
    return {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceModelRewrite",
        "metadata": _about(name),
        "spec": {"poolRef": {"name": pool}, "rules": [rule]},
    }


def _about(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": "models",
        "uid": "7c1d9f3a-52b1-4b57-8f43-3f0f6a2e9c11",
        "generation": 1,
        "creationTimestamp": "2026-05-04T09:12:31Z",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"},
        "managedFields": [{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}],
    }


@dataclass
class _Watcher:
    kind: str
    query: Mapping[str, str]
    writer: asyncio.StreamWriter

    def send(self, text: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(b"%x\r\n%s\r\n" % (len(text), text))

    def event(self, type_: str, value: dict[str, Any]) -> None:
        if _meant(value, self.query):
            self.send(json.dumps({"type": type_, "object": value}).encode() + b"\n")


@dataclass
class Cluster:
    """`status` other than 200 is what every question gets; `list_body` is told in place of a list.
    Versions at and below `forgotten` are gone, which a watch says by an event if `gone_in_events`.
    Where it `hangs` it gives no answer, or, with `begins`, the head of one. `asked` has kind and
    query of what was let in. Kinds that `objects` does not have are not installed; those of the
    older group have it behind their name."""

    pair: Pair
    token: str = "first"
    status: int = 200
    hangs: bool = False
    begins: bool = False
    more: str = ""
    list_body: bytes | None = None
    most: int = 1000
    forgotten: int = 0
    gone_in_events: bool = False
    version: int = 100
    port: int = 0
    refused: int = 0
    connections: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(
        default_factory=list[tuple[str, dict[str, str]]]
    )
    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )
    watchers: list[_Watcher] = field(default_factory=list[_Watcher])
    _events: list[tuple[int, str, str, dict[str, Any]]] = field(
        default_factory=list[tuple[int, str, str, dict[str, Any]]]
    )
    _writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        context = server_context(self.pair)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.hang_up()
        for writer in self._writers:
            writer.close()

    # --- what happens in it -----------------------------------------------------------------------

    def apply(self, *values: dict[str, Any]) -> None:
        """These are so now."""
        for value in values:
            kind = _kind(value)
            known = value["metadata"]["name"] in self.objects[kind]
            self._happens("MODIFIED" if known else "ADDED", kind, value)
            self.objects[kind][value["metadata"]["name"]] = value

    def delete(self, kind: str, name: str) -> None:
        self._happens("DELETED", kind, self.objects[kind].pop(name))

    def _happens(self, type_: str, kind: str, value: dict[str, Any]) -> None:
        self.version += 1
        value["metadata"]["resourceVersion"] = str(self.version)
        self._events.append((self.version, kind, type_, json.loads(json.dumps(value))))
        for watcher in self.watchers:
            if watcher.kind == kind:
                watcher.event(type_, value)

    def say(self, text: bytes) -> None:
        """To everyone who watches."""
        for watcher in self.watchers:
            watcher.send(text)

    def bookmark(self) -> None:
        self.version += 1
        value = {"kind": "Pod", "metadata": {"resourceVersion": str(self.version)}}
        self.say(json.dumps({"type": "BOOKMARK", "object": value}).encode() + b"\n")

    def hang_up(self) -> None:
        """On everyone who watches, in the middle of the answer."""
        for watcher in self.watchers:
            watcher.writer.close()
        self.watchers.clear()

    def finish(self) -> None:
        """Every watch, as when its time is over."""
        for watcher in self.watchers:
            watcher.writer.write(b"0\r\n\r\n")
        self.watchers.clear()

    def queries(self, kind: str, *, watch: bool) -> list[dict[str, str]]:
        return [
            query for asked, query in self.asked if asked == kind and ("watch" in query) is watch
        ]

    def kinds_watched(self) -> set[str]:
        return {watcher.kind for watcher in self.watchers}

    # --- what it answers --------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self._answer(head, writer)
                await writer.drain()
        self.watchers = [one for one in self.watchers if one.writer is not writer]
        writer.close()

    def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        url = urllib.parse.urlsplit(head.split(" ")[1])
        query = dict(urllib.parse.parse_qsl(url.query))
        kind = url.path.rpartition("/")[2]
        kind += f".{OLD_GROUP}" if f"/{OLD_GROUP}/" in url.path else ""
        if f"authorization: bearer {self.token}\r\n" not in head.lower():
            self.refused += 1
            _whole(writer, 401)
            return
        self.asked.append((kind, query))
        if self.hangs:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n" if self.begins else b"")
        elif self.status != 200:
            _whole(writer, self.status, more=self.more)
        elif kind not in self.objects:
            _whole(writer, 404, b"404 page not found\n")
        elif "watch" in query:
            self._watched(kind, query, writer)
        elif self.list_body is not None:
            _whole(writer, 200, self.list_body, self.more)
        else:
            _whole(writer, 200, json.dumps(self._page(kind, query)).encode(), self.more)

    def _page(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        meant = [one for one in self.objects[kind].values() if _meant(one, query)]
        start = int(query.get("continue", "0"))
        end = start + min(self.most, int(query["limit"]))
        metadata = {"resourceVersion": str(self.version)}
        if end < len(meant):
            metadata |= {"continue": str(end), "remainingItemCount": str(len(meant) - end)}
        about = {POOLS: POOL_LIST, "pods": POD_LIST}.get(kind, {"kind": "List"})
        return about | {"metadata": metadata, "items": meant[start:end]}

    def _watched(self, kind: str, query: dict[str, str], writer: asyncio.StreamWriter) -> None:
        since = int(query["resourceVersion"])
        gone = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410}
        if since <= self.forgotten and not self.gone_in_events:
            _whole(writer, 410, json.dumps(gone).encode())
            return
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        watcher = _Watcher(kind, query, writer)
        if since <= self.forgotten:
            watcher.send(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            writer.write(b"0\r\n\r\n")
            return
        for version, about, type_, value in self._events:
            if version > since and about == kind:
                watcher.event(type_, value)
        self.watchers.append(watcher)


def _kind(value: Mapping[str, Any]) -> str:
    plural = f"{value.get('kind', 'Pod').lower()}s"
    return f"{plural}.{OLD_GROUP}" if value.get("apiVersion", "").startswith(OLD_GROUP) else plural


def _whole(writer: asyncio.StreamWriter, status: int, body: bytes = b"", more: str = "") -> None:
    head = f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    writer.write(head.encode() + body)


def _meant(value: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether the selectors of a question mean this object."""
    labels = value["metadata"].get("labels", {})
    wanted = dict(part.split("=") for part in query.get("labelSelector", "").split(",") if part)
    name = query.get("fieldSelector", "").removeprefix("metadata.name=")
    return wanted.items() <= labels.items() and name in {"", value["metadata"]["name"]}
