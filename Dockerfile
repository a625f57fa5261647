# The gateway, and (target `demo`) the demo's servers. Packages are installed by the hashes of a lock
# file into a venv without pip; the build arguments are pip's own environment variables.
FROM python:3.11-slim-bookworm AS installer
ENV PYTHONDONTWRITEBYTECODE=1
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT

FROM installer AS demo-packages
COPY demo/requirements.lock .
RUN python -m venv --without-pip /opt/gatehouse \
 && pip --python /opt/gatehouse/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements.lock
COPY demo /opt/gatehouse/lib/python3.11/site-packages/demo

FROM installer AS gateway-packages
COPY runtime.lock .
RUN python -m venv --without-pip /opt/gatehouse \
 && pip --python /opt/gatehouse/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r runtime.lock \
 && printf '#!/bin/sh\nexec /opt/gatehouse/bin/python -m gateway "$@"\n' > /opt/gatehouse/bin/gatehouse \
 && chmod 755 /opt/gatehouse/bin/gatehouse
COPY gateway /opt/gatehouse/lib/python3.11/site-packages/gateway
# The root of the container is read-only: what is not compiled now is compiled at every start.
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/gatehouse/lib/python3.11/site-packages/gateway

FROM python:3.11-slim-bookworm AS demo
ENV PATH=/opt/gatehouse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=demo-packages /opt/gatehouse /opt/gatehouse
USER 10001:10001
CMD ["python", "-m", "demo.tracker", "--host", "0.0.0.0", "--port", "9101"]

# Last, so that a build without a target is the gateway.
FROM python:3.11-slim-bookworm AS gateway
ENV PATH=/opt/gatehouse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=gateway-packages /opt/gatehouse /opt/gatehouse
USER 10001:10001
# Ready: workers judge, and the files are written that Envoy is started with.
HEALTHCHECK --interval=2s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9909/readyz', timeout=4)"]
ENTRYPOINT ["gatehouse"]
CMD ["serve", "-c", "/gatehouse/gateway.yaml"]
