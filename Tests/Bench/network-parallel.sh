#!/bin/bash
# 100 containers on the default bridge, started in parallel with -d: until every command has returned. Goal: at most 1/10
# of docker.
export own_network=yes NETWORK=bridge
exec "$(dirname "$0")/parallel.sh"
