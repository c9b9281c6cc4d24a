# Shutong as an image: built from the source, then nothing but the program and the C library.
#
#   docker build -t shutong .
#   docker run -v shutong:/var/lib/shutong -p 127.0.0.1:8080:8080 -p 127.0.0.1:8081:8081 shutong serve --demo
#
# compose.yaml beside this file has the options it should run with.
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /source
COPY . .
# The caches stay on the building machine: a second build compiles what has changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --locked --profile dist --bin shutong \
    && cp target/dist/shutong /shutong \
    && mkdir -m 700 /data

# The same Debian as above, for the same C library.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=builder /shutong /usr/local/bin/shutong
COPY --from=builder --chown=65532:65532 /data /var/lib/shutong
# A container's own loopback is reached by nobody. Who may reach these is decided by the ports that are published.
# hadolint ignore=DL3064 # the token in these names is an address
ENV SHUTONG_DATA=/var/lib/shutong \
    MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    SHUTONG_LISTEN__PUBLIC=0.0.0.0:8080 \
    SHUTONG_LISTEN__TOKEN=0.0.0.0:8777 \
    SHUTONG_LISTEN__ADMIN=0.0.0.0:8081
EXPOSE 8080 8777 8081
VOLUME /var/lib/shutong
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/shutong", "health"]
ENTRYPOINT ["/usr/local/bin/shutong"]
CMD ["serve"]
