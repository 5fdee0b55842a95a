# civicloop in a container, as a user without rights. Data lives in /data; see compose.yaml.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 MPLCONFIGDIR=/tmp/matplotlib

# Scripts that the font of our own lacks: people may write in any. Of 50 MB only the upright plain ones are kept, 25 MB.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends fonts-noto-core fonts-droid-fallback \
 && find /usr/share/fonts/truetype/noto -type f ! -name "NotoSans*-Regular.ttf" -delete \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock

COPY . ./
RUN pip install --no-deps --no-build-isolation . \
 && useradd --system --uid 10001 --home-dir /data --create-home civicloop \
 && mkdir -p /data/data && chown -R civicloop /data

USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENV CIVICLOOP_WEB__HOST=0.0.0.0

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["civicloop"]
CMD ["run"]
