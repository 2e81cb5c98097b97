# Soliton in a clean Debian 12, from its package:
#   docker build -t soliton .
#   docker run --rm -v "$PWD:/data" soliton run quickstart
# Node processes put filters on their own system calls, which the container's default profile allows.
FROM debian:12 AS build
WORKDIR /src
COPY . .
RUN apt-get update -q && ./dev package

FROM debian:12-slim
COPY --from=build /src/build/packages/*.deb /tmp/
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends /tmp/*.deb python3 python3-pandas python3-matplotlib \
 && rm -rf /tmp/*.deb /var/lib/apt/lists/*
# Runs are left below the folder that is mounted here.
WORKDIR /data
ENTRYPOINT ["soliton"]
CMD ["--help"]
