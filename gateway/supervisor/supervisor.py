"""Runs a gateway: loads, starts, watches, reloads, stops. Carries no traffic."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.adapters.jwks import JwksKeeper
from gateway.bootstrap import ConfigurationError, Loaded, load, snapshot_message
from gateway.config.schema import Gateway
from gateway.edge.admin import EnvoyAdmin
from gateway.edge.binary import EnvoyMissingError, envoy_command, envoy_version, find_envoy
from gateway.edge.files import EdgeLockedError, EnvoyFiles, sole_writer
from gateway.model.jsonvalue import JsonObject
from gateway.supervisor.admin import Admin
from gateway.supervisor.banner import banner
from gateway.supervisor.children import ChildFailedError, Children
from gateway.supervisor.envoy_process import EnvoyFailedError, EnvoyProcess
from gateway.supervisor.health import EndpointHealth
from gateway.supervisor.metrics import SupervisorMetrics
from gateway.supervisor.options import Options
from gateway.supervisor.ports import taken_addresses
from gateway.supervisor.ready import ready_document
from gateway.supervisor.resolve import resolve
from gateway.supervisor.rollout import Rollout, RolloutError
from gateway.supervisor.watch import Watch
from gateway.supervisor.workers import WORKER_COMMAND, WorkerFailedError, WorkerPool

LOG: Final = logging.getLogger("gatehouse.supervisor")
WATCH_SECONDS: Final = 0.25
POLL_SECONDS: Final = 2.0
RESOLVE_SECONDS: Final = 5.0
UPSTREAM_SECONDS: Final = 10.0


class StartError(Exception):
    """The gateway cannot start; the text is for the person who started it."""


class Supervisor:
    """One gateway. `run` returns when it was told to stop."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._metrics = SupervisorMetrics()
        self._number = 1
        self._last_error = ""
        self._started = time.time()
        self._ready = False
        self._loaded = self._first_load()
        self._health = EndpointHealth(self._on_health)
        self._keys = self._key_keeper(self._loaded.gateway)
        self._folder = Path(self._loaded.gateway.service.run)
        self._sockets = Path(tempfile.mkdtemp(prefix="gatehouse-"))
        self._pool = self._worker_pool()
        self._children = Children(options.children)
        self._envoy: EnvoyProcess | None = None
        self._rollout: Rollout | None = None

    async def run(self) -> int:
        """Start, serve until SIGTERM or SIGINT, stop. Raises `StartError`."""
        logging.basicConfig(
            level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
            format="%(asctime)s supervisor %(levelname)s %(message)s",
        )
        try:
            with sole_writer(self._folder) as files:
                return await self._run(files)
        except EdgeLockedError as error:
            raise StartError(str(error)) from error
        finally:
            shutil.rmtree(self._sockets, ignore_errors=True)

    async def _run(self, files: EnvoyFiles) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        admin = self._admin()
        try:
            await self._start(files, admin)
            status = await self._serve(stop)
        except (
            WorkerFailedError,
            EnvoyFailedError,
            EnvoyMissingError,
            ChildFailedError,
            OSError,
        ) as error:
            raise StartError(str(error)) from error
        finally:
            await self._stop(admin)
        return status

    # --- start --------------------------------------------------------------------------------

    def _first_load(self) -> Loaded:
        try:
            return load(self._options.config, os.environ, demo=self._options.demo)
        except ConfigurationError as error:
            raise StartError(str(error)) from error

    def _worker_pool(self) -> WorkerPool:
        gateway = self._loaded.gateway
        count = self._options.workers or gateway.service.workers
        metrics = self._metrics_folder
        metrics.mkdir()
        return WorkerPool(
            [self._worker_address(gateway, index) for index in range(count)],
            {"PROMETHEUS_MULTIPROC_DIR": str(metrics)},
            self._options.worker_command or WORKER_COMMAND,
            self._on_worker_change,
            self._options.worker_timing,
        )

    def _worker_address(self, gateway: Gateway, index: int) -> str:
        """A socket in a folder of our own: the run folder's path may be too long for one."""
        listen = gateway.service.listen
        if listen == "unix":
            return f"unix:{self._sockets}/worker-{index}.sock"
        host, _, port = listen.rpartition(":")
        return f"{host}:{int(port) + index}"

    async def _start(self, files: EnvoyFiles, admin: Admin) -> None:
        gateway = self._loaded.gateway
        self._refuse_taken_ports(gateway)
        addresses = [worker.address for worker in self._pool.workers]
        self._rollout = Rollout(
            self._pool, files, EnvoyAdmin(gateway.service.envoy_admin), addresses
        )
        await self._children.start()
        await self._keys.refresh_due()
        targets = await resolve(gateway.backends)
        self._health.watch(targets)
        await self._rollout.start(
            self._loaded, self._number, self._keys.documents(), dict.fromkeys(targets, True)
        )
        await admin.start()
        if self._options.envoy:
            await self._start_envoy(files)
        await self._wait_for_children(targets)
        self._ready = True
        self._metrics.snapshot.set(self._number)
        self._announce()

    def _refuse_taken_ports(self, gateway: Gateway) -> None:
        wanted = {f"listener {one.name}": f"{one.address}:{one.port}" for one in gateway.listeners}
        wanted["Envoy's admin address (service.envoy_admin)"] = gateway.service.envoy_admin
        wanted = wanted if self._options.envoy else {}
        wanted["the admin address (service.admin)"] = gateway.service.admin
        taken = taken_addresses(wanted)
        if taken:
            raise StartError("\n".join(taken))

    async def _start_envoy(self, files: EnvoyFiles) -> None:
        binary = find_envoy(os.environ)
        envoy_version(binary)
        self._envoy = EnvoyProcess(
            envoy_command(binary, files.layout.bootstrap),
            self._folder / "envoy.log",
            self._loaded.gateway.service.envoy_admin,
        )
        await self._envoy.start()

    async def _wait_for_children(self, targets: Mapping[tuple[str, str], float]) -> None:
        """Demo upstreams need a moment; a backend that somebody else runs is not waited for."""
        if not self._options.children:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UPSTREAM_SECONDS):
                await self._health.settle(list(targets))

    def _announce(self) -> None:
        document = ready_document(
            self._loaded.gateway,
            envoy=self._envoy.pid if self._envoy else None,
            workers=[worker.pid for worker in self._pool.workers],
            children=self._children.pids,
        )
        if self._options.ready_file is not None:
            fresh = self._options.ready_file.with_suffix(".new")
            fresh.write_text(json.dumps(document, indent=2) + "\n")
            fresh.replace(self._options.ready_file)
        if not self._options.quiet:
            banner(self._loaded, document, demo=self._options.demo)

    # --- serve --------------------------------------------------------------------------------

    async def _serve(self, stop: asyncio.Event) -> int:
        """Until told to stop (0), or until Envoy or a part of this process ends (1)."""
        works = [self._watch(), self._poll(), self._resolve(), self._keep_keys()]
        keepers = [asyncio.ensure_future(work) for work in works]
        tasks: list[asyncio.Task[Any]] = [asyncio.ensure_future(stop.wait()), *keepers]
        if self._envoy is not None:
            tasks.append(asyncio.ensure_future(self._envoy.wait()))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done.intersection(keepers):
            LOG.error("the supervisor cannot go on", exc_info=task.exception())
        if self._envoy is not None and self._envoy.pid is None:
            LOG.error("Envoy ended; see %s", self._folder / "envoy.log")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return 0 if stop.is_set() else 1

    async def _keep_keys(self) -> None:
        """Fetch key sets for ever, also when there is no issuer whose set could be fetched."""
        await self._keys.run()
        await asyncio.Event().wait()

    async def _watch(self) -> None:
        watch = Watch(self._loaded.watched)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if await asyncio.to_thread(watch.changed):
                await self._reload()
                watch.replace(self._loaded.watched)

    async def _reload(self) -> None:
        """Take what is on disk, or keep what is in force and say why."""
        old = self._loaded
        try:
            new = await asyncio.to_thread(
                load, self._options.config, os.environ, demo=self._options.demo
            )
            await self._roll_out(old, keep_demo_key(old, new, demo=self._options.demo))
        except (ConfigurationError, RolloutError) as error:
            self._last_error = str(error)
            self._metrics.broken.set(1)
            self._metrics.reloads.labels("kept").inc()
            LOG.error("the new configuration is not used: %s", error)  # noqa: TRY400  no traceback
            return
        self._last_error = ""
        self._metrics.broken.set(0)
        self._metrics.reloads.labels("applied").inc()
        LOG.warning("snapshot %d (%s) is in force", self._number, self._loaded.digest)

    async def _roll_out(self, old: Loaded, new: Loaded) -> None:
        if self._rollout is None:
            return
        targets = await resolve(new.gateway.backends)
        known = self._health.state()
        health = {key: known.get(key, True) for key in targets}
        await self._rollout.replace(old, new, self._number + 1, self._keys.documents(), health)
        self._health.watch(targets)
        self._loaded = new
        self._number += 1
        self._metrics.snapshot.set(self._number)

    async def _poll(self) -> None:
        """Ask workers how they are; one that is stuck is replaced, and missing keys are fetched."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for answer in await self._pool.poll():
                missed = answer.get("missed")
                for issuer in missed if isinstance(missed, list) else []:
                    self._keys.hurry(str(issuer))

    async def _resolve(self) -> None:
        while True:
            await asyncio.sleep(RESOLVE_SECONDS)
            targets = await resolve(self._loaded.gateway.backends)
            if targets and set(targets) != set(self._health.state()):
                self._health.watch(targets)
                await self._on_health()

    async def _on_health(self) -> None:
        health = self._health.state()
        if self._rollout is not None:
            self._rollout.write_health(self._loaded, self._number, health)
        for (backend, endpoint), healthy in health.items():
            self._metrics.endpoint_healthy.labels(backend, endpoint).set(healthy)

    async def _on_worker_change(self) -> None:
        self._metrics.restarts.inc()

    def _key_keeper(self, gateway: Gateway) -> JwksKeeper:
        return JwksKeeper(gateway.identity.jwt, self._on_keys)

    def _on_keys(self, issuer: str, document: bytes) -> None:
        """A key set changed: the workers get it with the configuration that is in force."""
        del issuer, document
        if self._ready:
            message = snapshot_message(self._loaded, self._number, self._keys.documents())
            self._publishing = asyncio.ensure_future(self._pool.tell(message))

    # --- seen from outside --------------------------------------------------------------------

    @property
    def _metrics_folder(self) -> Path:
        return self._sockets / "metrics"

    def _admin(self) -> Admin:
        return Admin(
            self._loaded.gateway.service.admin,
            lambda: self._ready and any(worker.serving for worker in self._pool.workers),
            self.status,
            self._metrics_folder,
            self._metrics.registry,
        )

    def status(self) -> JsonObject:
        """The document of `gatehouse status`."""
        return {
            "ready": self._ready,
            "snapshot": self._number,
            "digest": self._loaded.digest,
            "uptime_seconds": round(time.time() - self._started, 1),
            "configuration_error": self._last_error,
            "policies": [source.model.metadata.name for source in self._loaded.sources],
            "workers": [
                {
                    "index": worker.index,
                    "pid": worker.pid,
                    "running": worker.serving,
                    "restarts": worker.restarts,
                }
                for worker in self._pool.workers
            ],
            "endpoints": [
                {"backend": backend, "endpoint": endpoint, "healthy": healthy}
                for (backend, endpoint), healthy in self._health.state().items()
            ],
            "key_sets": [
                {"issuer": state.issuer, "keys": state.keys, "error": state.error}
                for state in self._keys.states()
            ],
        }

    # --- stop ---------------------------------------------------------------------------------

    async def _stop(self, admin: Admin) -> None:
        """Envoy first, so that nothing arrives unjudged; then workers, then upstreams."""
        self._ready = False
        if self._envoy is not None:
            await self._envoy.stop()
        await self._pool.stop(self._loaded.gateway.limits.drain_seconds)
        await self._health.close()
        await self._children.stop()
        if self._rollout is not None:
            await self._rollout.close()
        await admin.stop()
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)


def keep_demo_key(old: Loaded, new: Loaded, *, demo: bool) -> Loaded:
    """A made-up sealing key lives as long as the run: sessions survive a reload."""
    return new.with_sessions_of(old) if demo else new
