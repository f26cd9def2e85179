# docker build -t godwit .
# How to run it: docs/daemon.md, "In a container".
FROM debian:12 AS build
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup --build
COPY . .
RUN cmake --preset release -DGODWIT_TESTS=OFF && cmake --build build/release && \
    cd build/release && cpack -G DEB

FROM debian:12-slim
COPY --from=build /src/build/release/godwit_*.deb /tmp/
RUN apt-get update -qq && \
    apt-get install -y -qq --no-install-recommends /tmp/godwit_*.deb ca-certificates && \
    rm -rf /tmp/godwit_*.deb /var/lib/apt/lists/* && \
    useradd --system --home-dir /var/lib/godwit --create-home godwit && chmod 0700 /var/lib/godwit
USER godwit
WORKDIR /var/lib/godwit
VOLUME /var/lib/godwit
EXPOSE 7070
ENTRYPOINT ["godwit"]
CMD ["run", "--config", "/etc/godwit/godwit.toml"]
