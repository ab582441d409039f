#!/bin/bash
# The same programs in the VM, where cgroups are v2 alone: vm.sh PROGRAMS RUNTIME [KERNEL [ARGUMENT…]], those of conformance.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
programs=$(realpath "$1")
runtime=$(realpath "$(command -v "$2")")
kernel=${3:-6.12}

# Debian's, not whichever the caller has first: the guest gets its library, too.
python=$(realpath /usr/bin/python3)
# The programs extract their root file systems with tar.
exec Tests/VM/vm run --kernel "$kernel" --memory 3072 --disk 2048 --timeout "${VM_TIMEOUT:-3600}" \
    --add "$programs:/conformance" --add "$PWD/Tests/Conformance:/tests" --add "$runtime:/usr/local/bin/$(basename "$runtime")" \
    --add "$python:/usr/bin/python3" --add "/usr/lib/${python##*/}" \
    --add /usr/bin/unshare --add /usr/bin/mount --add /usr/bin/umount --add /bin/tar --add /bin/gzip --add /bin/sh \
    -- python3 /tests/conformance.py --programs /conformance --runtime "$(basename "$runtime")" --machine vm "${@:4}"
