#!/bin/bash
# Installs or removes what goes with the executables: man pages and shell completion, both made from the commands
# themselves, so they cannot disagree with what the commands accept.
# usage: install-extras.sh install NESTBOX MANUAL_FOLDER PREFIX
#        install-extras.sh uninstall PREFIX
set -euo pipefail
action=${1:?usage: install-extras.sh install|uninstall …}

places() { # Where bash and zsh of Debian look.
    bash_completion=$1/share/bash-completion/completions/nestbox
    zsh_completion=$1/share/zsh/site-functions/_nestbox
    fish_completion=$1/share/fish/vendor_completions.d/nestbox.fish
    manual=$1/share/man/man1
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
    ;;
uninstall)
    places "$2"
    rm -f "$bash_completion" "$zsh_completion" "$fish_completion" "$manual"/nestbox.1 "$manual"/nestbox.*.1
    ;;
*)
    echo "usage: install-extras.sh install|uninstall …" >&2
    exit 2
    ;;
esac
