#!/bin/bash
# Fails when a target imports what does not belong in its layer: a layer above it, or Foundation, NIO, Dispatch and
# the like in targets that must start fast. A list of what is allowed, so that anything new is a decision.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A allowed=(
    [OCISpec]="Glibc"
    [LinuxSystem]="Glibc Synchronization CLinux CSeccomp CCap OCISpec"
    [OCIRuntime]="Glibc Synchronization CLinux LinuxSystem OCISpec"
    [LinuxNetwork]="Glibc CLinux LinuxSystem OCISpec"
    [ContainerNetwork]="Glibc LinuxNetwork LinuxSystem OCISpec"
    [ImageStore]="Glibc Synchronization CLinux CArchive CISAL Crypto LinuxSystem OCISpec"
    [NestboxRegistry]="Glibc Synchronization AsyncHTTPClient NIOCore NIOHTTP1 NIOPosix NIOSSL LinuxSystem OCISpec ImageStore Nestbox"
    [nestbox-registry]="Glibc Synchronization LinuxSystem OCISpec ImageStore Nestbox NestboxRegistry"
    [AWSServices]="Glibc Crypto LinuxSystem OCISpec ImageStore"
    [RegistryServer]="Glibc Synchronization AWSServices CCrypt Crypto HTTPTypes Hummingbird HummingbirdCore Logging NIOCore NIOPosix NIOSSL LinuxSystem OCISpec ImageStore"
    [nestboxd]="Glibc ArgumentParser LinuxSystem OCISpec ImageStore Nestbox RegistryServer"
    [Nestbox]="Glibc Synchronization CLinux LinuxSystem LinuxNetwork OCISpec OCIRuntime ContainerNetwork ImageStore"
    [nestbox]="Glibc Synchronization ArgumentParser CLinux LinuxSystem LinuxNetwork OCISpec OCIRuntime ContainerNetwork ImageStore Nestbox"
    [nestbox-runtime]="Glibc CLinux CSealedStart LinuxSystem OCISpec OCIRuntime"
)

failed=0
for folder in Sources/*/; do
    target=$(basename "$folder")
    files=$(find "$folder" -name '*.swift')
    [[ $files ]] || continue # C and module maps
    if [[ -z ${allowed[$target]-} ]]; then
        echo "error: $folder is a target that Tests/Checks/imports.sh does not know: add its layer there" >&2
        failed=1
        continue
    fi
    while IFS=: read -r file line text; do
        # "public import struct A.B", "@_exported import A" …: the module is the first part of the last word.
        module=$(sed -E 's/.*import +((struct|class|enum|protocol|typealias|func|var|let) +)?([A-Za-z_0-9]+).*/\3/' <<<"$text")
        if [[ " ${allowed[$target]} " != *" $module "* ]]; then
            echo "$file:$line: error: $target must not import $module (Tests/Checks/imports.sh)" >&2
            failed=1
        fi
    done < <(find "$folder" -name '*.swift' -exec grep -nHE '^[^/"]*\bimport +[A-Za-z_]' {} +)
done
exit "$failed"
