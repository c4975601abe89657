# flaneur serve in a container without rights: docs/how-to/serve.md says how to run it.
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /opt/flaneur
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY recipes recipes
COPY src src
RUN /opt/flaneur/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.13-slim
COPY --from=build /opt/flaneur /opt/flaneur
# The number is for Kubernetes' runAsNonRoot, which cannot look up a name.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin flaneur
USER 10001:10001
ENV PATH=/opt/flaneur/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FLANEUR_HOME=/var/lib/flaneur
EXPOSE 8420
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8420, timeout=4); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["flaneur"]
CMD ["serve", "--host", "0.0.0.0"]
