#!/bin/sh
# pilot-agent: starts the agent; as the sidecar (`pilot-agent proxy`) it starts it again when it has ended without being
# told to. Envoy runs in a session of its own and goes on meanwhile; this shell, the container's first process, reaps it.
node="${MELTEMI_NODE:-/usr/local/bin/node}"
bundle="${MELTEMI_AGENT_BUNDLE:-/usr/local/lib/meltemi/agent.js}"
# What keeps the agent small, see docs/architecture/agent.md.
flags="--jitless --max-semi-space-size=1 --max-old-space-size=32 --heap-growing-percent=10 --optimize-for-size --v8-pool-size=0"
export UV_THREADPOOL_SIZE=1 MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=32768

if [ "$1" != proxy ]; then
  exec "$node" $flags "$bundle" "$@"
fi

agent=
stopping=
trap 'stopping=yes; [ -z "$agent" ] || kill -TERM "$agent"' TERM INT
while :; do
  "$node" $flags "$bundle" "$@" &
  agent=$!
  wait "$agent"
  code=$?
  # A signal ends `wait` before the agent ends.
  while kill -0 "$agent" 2>/dev/null; do
    wait "$agent"
    code=$?
  done
  agent=
  # 0: done; 64: it can't run with this environment.
  if [ "$code" = 0 ] || [ "$code" = 64 ] || [ -n "$stopping" ]; then
    exit "$code"
  fi
  echo "{\"level\":\"error\",\"component\":\"entrypoint\",\"message\":\"the agent ended and is started again\",\"exitCode\":$code}" >&2
  sleep 1
done
