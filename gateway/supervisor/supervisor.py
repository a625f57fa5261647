"""Runs a gateway: loads, starts, follows changes, stops. Carries no traffic."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import time
from collections.abc import Collection, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from gateway.adapters.jwks import JwksKeeper
from gateway.bootstrap.load import ConfigurationError, Loaded, load
from gateway.config.schema import Gateway
from gateway.config.wiring import PICKER_SOCKET
from gateway.edge.admin import EnvoyAdmin, admin_address
from gateway.edge.binary import EnvoyMissingError, envoy_command, envoy_version, find_envoy
from gateway.edge.files import EdgeLockedError, EnvoyFiles, sole_writer
from gateway.edge.layout import Layout
from gateway.model.jsonvalue import JsonObject, JsonValue
from gateway.supervisor.admin import Admin, Shown
from gateway.supervisor.banner import banner
from gateway.supervisor.children import ChildFailedError, Children
from gateway.supervisor.discovery import Discovery
from gateway.supervisor.drain import drain
from gateway.supervisor.envoy_process import EnvoyFailedError, EnvoyProcess
from gateway.supervisor.folders import private_folder, run_folder
from gateway.supervisor.health import EndpointKey
from gateway.supervisor.metrics import SupervisorMetrics, forget_process
from gateway.supervisor.options import Options
from gateway.supervisor.pool_queries import PoolQueries
from gateway.supervisor.ports import taken_addresses
from gateway.supervisor.ready import ready_document
from gateway.supervisor.reload import Reload
from gateway.supervisor.rollout import Rollout
from gateway.supervisor.start_error import StartError
from gateway.supervisor.status import configuration_status, process_status
from gateway.supervisor.tool_watch import ToolWatch
from gateway.supervisor.watch import Watch
from gateway.supervisor.workers import WORKER_COMMAND, WorkerFailedError, WorkerPool

LOG: Final = logging.getLogger("gatehouse.supervisor")
POLL_SECONDS: Final = 2.0
UPSTREAM_SECONDS: Final = 10.0


class Supervisor:
    """One gateway. `run` returns when it was told to stop."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._metrics = SupervisorMetrics()
        self._started = time.time()
        self._ready = False
        self._hurried = False
        self._first = self._first_load()
        self._watch = Watch(self._first.watched)
        self._keys = JwksKeeper(self._first.gateway.identity.jwt, self._on_keys)
        self._folder = run_folder(self._first.gateway, self._options)
        self._sockets = private_folder()
        self._pool = self._worker_pool()
        self._discovery = Discovery(self._pool, self._metrics)
        self._tools = ToolWatch(self._pool.stand, self._metrics)
        self._metrics.watch_workers(self._pool.workers)
        self._children = Children(options.children)
        self._envoy: EnvoyProcess | None = None
        self._rollout: Rollout | None = None
        self._reload: Reload | None = None
        self._telling: asyncio.Task[None] | None = None
        self._shared: JsonValue = {"connected": False, "problem": "not asked yet"}

    async def run(self) -> int:
        """Start, serve until SIGTERM or SIGINT, stop: 0, or 1 if a part of it ended by itself.
        Raises `StartError`."""
        logging.basicConfig(
            level=os.environ.get("GATEHOUSE_LOG", "WARNING"),
            format="%(asctime)s supervisor %(levelname)s %(message)s",
        )
        try:
            with sole_writer(self._folder) as files:
                return await self._run(files)
        except EdgeLockedError as error:
            raise StartError(str(error)) from error
        except OSError as error:
            what = f"the run folder (service.run) {self._folder}"
            raise StartError(f"{what}: {error.strerror}") from error
        finally:
            shutil.rmtree(self._sockets, ignore_errors=True)

    async def _run(self, files: EnvoyFiles) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told, number, stop)
        admin = self._admin()
        try:
            if not await self._start_unless(stop, files, admin):
                return 0
            return await self._serve(stop)
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

    def _told(self, number: signal.Signals, stop: asyncio.Event) -> None:
        """SIGTERM is a service that is replaced: it drains. Ctrl-C is a person who waits, and so
        is whoever asks twice."""
        self._hurried = number is signal.SIGINT or stop.is_set()
        stop.set()

    # --- start --------------------------------------------------------------------------------

    def _first_load(self) -> Loaded:
        try:
            return self._read()
        except ConfigurationError as error:
            raise StartError(str(error)) from error

    def _read(self) -> Loaded:
        options = self._options
        return load(
            options.config, os.environ, demo=options.demo, workers=options.workers, serving=True
        )

    def _worker_pool(self) -> WorkerPool:
        gateway = self._first.gateway
        count = self._options.workers or gateway.service.workers
        metrics = self._metrics_folder
        metrics.mkdir()
        picker = str(self._sockets / "picker") if count > 1 and gateway.pools else None
        pool = WorkerPool(
            [self._worker_address(gateway, index) for index in range(count)],
            {
                "PROMETHEUS_MULTIPROC_DIR": str(metrics),
                **({PICKER_SOCKET: picker} if picker else {}),
            },
            self._options.worker_command or WORKER_COMMAND,
            self._on_worker_change,
            self._options.worker_timing,
        )
        pool.when_ended(partial(forget_process, metrics))
        if picker:
            pool.pick_at(f"unix:{picker}")
        return pool

    def _worker_address(self, gateway: Gateway, index: int) -> str:
        listen = gateway.service.listen
        if listen == "unix":
            return f"unix:{self._worker_socket(index)}"
        host, _, port = listen.rpartition(":")
        return f"{host}:{int(port) + index}"

    def _worker_socket(self, index: int) -> Path:
        """For an Envoy of our own in our private folder; one that runs elsewhere, and outlives us,
        finds the next run's workers in the run folder, where its bootstrap says."""
        return Layout(self._sockets if self._options.envoy else self._folder).worker(index)

    async def _start_unless(self, stop: asyncio.Event, files: EnvoyFiles, admin: Admin) -> bool:
        """Start, and whether that came to its end before somebody said stop."""
        starting = asyncio.ensure_future(self._start(files, admin))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return False
        await starting
        return True

    async def _start(self, files: EnvoyFiles, admin: Admin) -> None:
        gateway = self._first.gateway
        self._withdraw()
        self._refuse_taken_ports(gateway)
        binary = self._find_envoy() if self._options.envoy else None
        self._rollout = Rollout(
            self._pool,
            files,
            EnvoyAdmin(admin_address(gateway)),
            self._keys.documents,
            self._first,
        )
        self._discovery.serve(self._rollout)
        self._reload = Reload(self._read, self._rollout, self._keys, self._discovery, self._metrics)
        await self._children.start()
        await self._children.watch_over(self._bring_up(self._rollout, binary, files, admin))
        self._ready = True
        self._metrics.snapshot.set(self._rollout.number)
        self._announce()

    async def _bring_up(
        self, rollout: Rollout, binary: Path | None, files: EnvoyFiles, admin: Admin
    ) -> None:
        gateway = self._first.gateway
        await self._keys.refresh_due()
        targets = await self._discovery.find(gateway)
        await self._discovery.watch(targets, gateway)
        if self._reload is not None:
            rollout.loaded = self._reload.first(self._first)
        await rollout.start(dict.fromkeys(targets, True))
        await admin.start()
        if binary is not None:
            await self._start_envoy(binary, files)
        await self._wait_for_children(targets)

    def _refuse_taken_ports(self, gateway: Gateway) -> None:
        wanted = {f"listener {one.name}": f"{one.address}:{one.port}" for one in gateway.listeners}
        wanted["Envoy's admin address (service.envoy_admin)"] = admin_address(gateway)
        wanted = wanted if self._options.envoy else {}
        for worker in self._pool.workers:
            wanted[f"worker {worker.index} (service.listen)"] = worker.address
        wanted["the admin address (service.admin)"] = gateway.service.admin
        taken = taken_addresses(wanted)
        if taken:
            raise StartError("\n".join(taken))

    def _find_envoy(self) -> Path:
        """Before anything runs: it is the first thing that a new machine lacks."""
        binary = find_envoy(os.environ)
        envoy_version(binary)
        return binary

    async def _start_envoy(self, binary: Path, files: EnvoyFiles) -> None:
        self._envoy = EnvoyProcess(
            envoy_command(binary, files.layout.bootstrap),
            files.layout.log,
            admin_address(self._first.gateway),
        )
        await self._envoy.start()

    async def _wait_for_children(self, targets: Collection[EndpointKey]) -> None:
        """Demo upstreams need a moment; a backend that somebody else runs is not waited for."""
        if not self._options.children:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UPSTREAM_SECONDS):
                await self._discovery.health.settle(list(targets))

    def _announce(self) -> None:
        document = ready_document(
            self._first.gateway,
            envoy=self._envoy.pid if self._envoy else None,
            workers=[worker.pid for worker in self._pool.workers],
            children=self._children.pids,
        )
        if self._options.ready_file is not None:
            fresh = self._options.ready_file.with_suffix(".new")
            fresh.write_text(json.dumps(document, indent=2) + "\n")
            fresh.replace(self._options.ready_file)
        if not self._options.quiet:
            banner(self._first, document, self._options.config, demo=self._options.demo)

    def _withdraw(self) -> None:
        """No ready file, unless this run is ready; also not one that a killed run left."""
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)

    # --- serve --------------------------------------------------------------------------------

    async def _serve(self, stop: asyncio.Event) -> int:
        """Until told to stop (0), or until Envoy or a part of this process ends (1)."""
        stopping = asyncio.ensure_future(stop.wait())
        parts = [asyncio.ensure_future(part) for part in self._parts()]
        await asyncio.wait((stopping, *parts), return_when=asyncio.FIRST_COMPLETED)
        faults = [fault for part in parts if part.done() and (fault := part.exception())]
        for part in (stopping, *parts):
            part.cancel()
        await asyncio.gather(stopping, *parts, return_exceptions=True)
        if stop.is_set():
            return 0
        for fault in faults:
            LOG.error("the gateway cannot go on", exc_info=fault)
        return 1

    def _parts(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs until the gateway is told to stop; none ends by itself."""
        parts = [self._poll(), self._discovery.run(), self._keys.run()]
        parts.append(self._tools.run(lambda: self._in_force, self._discovery.health.state))
        if self._reload is not None:
            parts.append(self._reload.run(self._watch))
        if self._envoy is not None:
            parts.append(self._end_of_envoy(self._envoy))
        return parts

    async def _end_of_envoy(self, envoy: EnvoyProcess) -> None:
        """Whoever runs the gateway starts it again whole, or finds out why Envoy cannot stay."""
        status = await envoy.wait()
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        LOG.error("Envoy ended %s; stopping. Its log: %s", how, self._folder / "envoy.log")

    async def _poll(self) -> None:
        """Ask workers how they are; one that is stuck is replaced, and missing keys are fetched."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for answer in await self._pool.poll():
                missed = answer.get("missed")
                for issuer in missed if isinstance(missed, list) else []:
                    self._keys.hurry(str(issuer))
                noted = answer.get("noted")
                self._tools.hurry(map(str, noted if isinstance(noted, list) else ()))
                self._shared = answer.get("state", self._shared)
            self._metrics.show_health(self._discovery.health.state())

    async def _on_worker_change(self) -> None:
        self._metrics.restarts.inc()
        self._discovery.news.repeat()

    def _on_keys(self, issuer: str, document: bytes) -> None:
        """A key set changed: the workers get it with the configuration that is in force."""
        del issuer, document
        if self._ready and self._rollout is not None:
            self._telling = asyncio.ensure_future(self._rollout.tell_keys())

    @property
    def _in_force(self) -> Loaded:
        return self._rollout.loaded if self._rollout is not None else self._first

    # --- seen from outside --------------------------------------------------------------------

    @property
    def _metrics_folder(self) -> Path:
        return self._sockets / "metrics"

    def _admin(self) -> Admin:
        return Admin(
            self._first.gateway.service.admin,
            Shown(
                lambda: self._ready and any(worker.serving for worker in self._pool.workers),
                self.status,
                PoolQueries(self._pool, lambda: self._in_force.gateway.pools),
            ),
            self._metrics_folder,
            self._metrics,
        )

    def status(self) -> JsonObject:
        """The document of `gatehouse status`."""
        number = self._rollout.number if self._rollout is not None else 0
        error = self._reload.error if self._reload is not None else ""
        return {
            "ready": self._ready,
            "uptime_seconds": round(time.time() - self._started, 1),
            **configuration_status(self._in_force, number, error),
            **process_status(
                self._pool.workers, self._discovery.health.state(), self._keys.states()
            ),
            **({"state": self._shared} if self._in_force.gateway.state.shared else {}),
            **(self._discovery.status() if self._in_force.gateway.pools else {}),
            **self._tools.status(time.monotonic()),
        }

    # --- stop ---------------------------------------------------------------------------------

    async def _stop(self, admin: Admin) -> None:
        """Envoy first, so that nothing arrives unjudged; then workers, then upstreams."""
        running = self._ready and self._envoy is not None and self._envoy.pid is not None
        self._ready = False
        self._withdraw()
        if running and not self._hurried:
            await drain(self._first.gateway, lambda: self._hurried)
        if self._envoy is not None:
            await self._envoy.stop()
        await self._pool.stop(self._first.gateway.limits.drain_seconds)
        await self._discovery.close()
        await self._children.stop()
        if self._rollout is not None:
            await self._rollout.close()
        await admin.stop()
