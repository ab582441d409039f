#!/bin/bash
# Installs or removes what goes with the executables: man pages and shell completion, both made from the commands
# themselves, so they cannot disagree with what the commands accept, and systemd units: one that starts containers at boot, and
# that of the registry.
# usage: install-extras.sh install NESTBOX MANUAL_FOLDER DESTINATION PREFIX
#        install-extras.sh uninstall PREFIX
set -euo pipefail
action=${1:?usage: install-extras.sh install|uninstall …}

places() { # Where bash and zsh of Debian look.
    bash_completion=$1/share/bash-completion/completions/nestbox
    zsh_completion=$1/share/zsh/site-functions/_nestbox
    fish_completion=$1/share/fish/vendor_completions.d/nestbox.fish
    manual=$1/share/man/man1
    units=$1/lib/systemd/system
}

write_units() { # $1: the folder of the executables, as it is once installed
    cat >"$units/.restore.new" <<UNIT
[Unit]
Description=Start the containers that their restart policies want to be running
After=network-online.target local-fs.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
# One that cannot be started is no reason not to stop the others in time.
ExecStart=-$1/nestbox system restore
# Before the network and file systems go, within the containers' own timeouts; systemd would wait 90 seconds for a first process
# that takes no SIGTERM.
ExecStop=$1/nestbox system shutdown
KillMode=process
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
UNIT
    # Without options it serves the loopback.
    cat >"$units/.nestboxd.new" <<UNIT
[Unit]
Description=Serve the images' store as a registry
After=network-online.target local-fs.target
Wants=network-online.target

[Service]
Type=exec
Environment=NESTBOXD_OPTIONS=
# NESTBOXD_OPTIONS=--listen 0.0.0.0:5000 --config /etc/nestbox/registry.json
EnvironmentFile=-/etc/default/nestboxd
ExecStart=$1/nestboxd \$NESTBOXD_OPTIONS
Restart=on-failure
# Requests that have begun are answered.
TimeoutStopSec=60

[Install]
WantedBy=multi-user.target
UNIT
    mv "$units/.restore.new" "$units/nestbox-restore.service"
    mv "$units/.nestboxd.new" "$units/nestboxd.service"
}

case $action in
install)
    nestbox=$2 pages=$3
    places "$4"
    for shell in bash zsh fish; do
        target=${shell}_completion
        mkdir -p "$(dirname "${!target}")"
        "$nestbox" --generate-completion-script "$shell" >"${!target}.new"
        mv "${!target}.new" "${!target}"
    done
    mkdir -p "$manual"
    install -m 644 -t "$manual" "$pages"/nestbox*.1
    mkdir -p "$units"
    write_units "$5/bin"
    [ -n "${DESTDIR:-}" ] || echo "Containers come back after a boot with: systemctl enable --now nestbox-restore.service"
    ;;
uninstall)
    places "$2"
    rm -f "$bash_completion" "$zsh_completion" "$fish_completion" "$manual"/nestbox.1 "$manual"/nestbox.*.1 \
        "$units"/nestbox{-restore,d}.service
    ;;
*)
    echo "usage: install-extras.sh install|uninstall …" >&2
    exit 2
    ;;
esac
