# shellcheck shell=dash
# Runs in the VM of reboot.sh as a service of systemd, once before the reboot and once after it.
set -eu
before=/var/lib/boot-before
fail() {
    echo "error: $*"
    nestbox ps -a
    systemctl --no-pager status nestbox-restore.service || true
    exit 1
}
same() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
    echo "$1: $3"
}
eventually() { # WHAT COMMAND…: within a minute
    what=$1
    shift
    for _ in $(seq 120); do
        if "$@"; then return; fi
        sleep 0.5
    done
    fail "$what: not within a minute"
}
running() { nestbox ps --format '{{.Names}}' | sort | tr '\n' ' '; }
# bash connects by itself; busybox's wget would load the C library's modules, and is linked with another one.
get() { bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET $2 HTTP/1.0\r\n\r\n" >&3 && timeout 5 cat <&3' get "$@" 2>/dev/null; }
answers() { [ "$(get 8080 /index.html | tail -n 1)" = hello ]; }
serves() { get 5000 /v2/ | grep -q '200 OK'; }
journal() { journalctl -q -o cat CONTAINER_NAME=journal | grep -c 'to the journal'; }

# The unit of whoever started a container may end or be started anew: the container goes on.
outlives_its_unit() {
    systemd-run -q --wait --pipe nestbox run -d --name unit --restart always busybox sleep 100000 ||
        fail "a start by a unit of its own"
    same "a container whose unit has ended" true "$(nestbox inspect -f '{{.State.Running}}' unit)"
    nestbox exec unit true || fail "exec in a container whose unit has ended"
}

first() {
    systemctl enable --now nestbox-restore.service nestboxd.service
    nestbox load -qi /busybox.tar
    nestbox run -d --name always --restart always -p 8080:80 busybox \
        sh -c 'mkdir -p /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w'
    nestbox run -d --name unless --restart unless-stopped -v data:/data busybox \
        sh -c 'echo started >>/data/starts; exec sleep 100000'
    nestbox run -d --name failing --restart on-failure busybox sleep 100000
    nestbox run -d --name journal --restart always --log-driver journald busybox \
        sh -c 'echo to the journal; exec sleep 100000'
    nestbox run -d --name plain busybox sleep 100000
    nestbox run -d --rm --name removed busybox sleep 100000
    nestbox run -d --name stopped --restart unless-stopped busybox sleep 100000
    nestbox run -d --name stopped-always --restart always busybox sleep 100000
    # What it binds is gone when it is to be restored: the unit works for the others all the same.
    mkdir /var/tmp/gone
    nestbox run -d --name broken --restart always --mount type=bind,src=/var/tmp/gone,dst=/gone busybox sleep 100000
    nestbox stop -t 0 stopped stopped-always
    eventually "the published port" answers
    outlives_its_unit
    same "running before the reboot" "always broken failing journal plain removed unit unless " "$(running)"
    rmdir /var/tmp/gone
    cat /proc/sys/kernel/random/boot_id >$before
    systemctl reboot
    exec sleep 1000
}

second() {
    [ "$(cat $before)" != "$(cat /proc/sys/kernel/random/boot_id)" ] || fail "the machine was not started anew"
    eventually "the unit" systemctl -q is-active nestbox-restore.service
    # As with Docker: "always" comes back also when it was stopped, "unless-stopped" does not.
    same "running after the reboot" "always failing journal stopped-always unit unless " "$(running)"
    # Stopped in time: had the machine just gone down, its status would be 255.
    same "how the one without a policy ended" 137 "$(nestbox inspect -f '{{.State.ExitCode}}' plain)"
    same "the others" "broken plain stopped " "$(nestbox ps -a -f status=exited --format '{{.Names}}' | sort | tr '\n' ' ')"
    eventually "the published port" answers
    same "starts of the container with a volume" 2 "$(nestbox exec unless cat /data/starts | grep -c started)"
    same "lines in the journal" 2 "$(journal)"
    eventually "the registry's unit" serves
    systemctl restart nestbox-restore.service
    same "running when the unit was started anew" "always failing journal stopped-always unit unless " "$(running)"
    systemctl stop nestbox-restore.service
    same "running when it was stopped" "" "$(running)"
    nestbox rm -f always broken failing journal plain stopped stopped-always unit unless >/dev/null
    nestbox volume rm data >/dev/null
    same "left" "" "$(nestbox ps -aq)"
}

if [ -e $before ]; then second; else first; fi
