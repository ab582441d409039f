/// What the engine makes of a container that asks for nothing.
enum GoldenSpecification {
    static let defaultContainer = #"""
        {
          "ociVersion": "1.3.0",
          "process": {
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": [
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=0123456789ab"
            ],
            "cwd": "/",
            "capabilities": {
              "bounding": [
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
                "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
                "CAP_AUDIT_WRITE", "CAP_SETFCAP"
              ],
              "effective": [
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
                "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
                "CAP_AUDIT_WRITE", "CAP_SETFCAP"
              ],
              "permitted": [
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
                "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_MKNOD",
                "CAP_AUDIT_WRITE", "CAP_SETFCAP"
              ]
            }
          },
          "root": {"path": "rootfs"},
          "hostname": "0123456789ab",
          "mounts": [
            {
              "destination": "/proc",
              "type": "proc",
              "source": "proc",
              "options": ["nosuid", "noexec", "nodev"]
            },
            {
              "destination": "/dev",
              "type": "tmpfs",
              "source": "tmpfs",
              "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]
            },
            {
              "destination": "/dev/pts",
              "type": "devpts",
              "source": "devpts",
              "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", "max=1024"]
            },
            {
              "destination": "/sys",
              "type": "sysfs",
              "source": "sysfs",
              "options": ["nosuid", "noexec", "nodev", "ro"]
            },
            {
              "destination": "/sys/fs/cgroup",
              "type": "cgroup",
              "source": "cgroup",
              "options": ["nosuid", "noexec", "nodev", "ro"]
            },
            {
              "destination": "/dev/shm",
              "type": "tmpfs",
              "source": "shm",
              "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]
            },
            {
              "destination": "/dev/mqueue",
              "type": "mqueue",
              "source": "mqueue",
              "options": ["nosuid", "noexec", "nodev"]
            },
            {
              "destination": "/etc/resolv.conf",
              "type": "bind",
              "source": "/root/c/resolv.conf",
              "options": ["bind", "rprivate"]
            },
            {
              "destination": "/etc/hostname",
              "type": "bind",
              "source": "/root/c/hostname",
              "options": ["bind", "rprivate"]
            },
            {
              "destination": "/etc/hosts",
              "type": "bind",
              "source": "/root/c/hosts",
              "options": ["bind", "rprivate"]
            }
          ],
          "linux": {
            "uidMappings": [{"containerID": 0, "hostID": 1073741824, "size": 65536}],
            "gidMappings": [{"containerID": 0, "hostID": 1073741824, "size": 65536}],
            "sysctl": {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 65535"},
            "resources": {
              "devices": [
                {"allow": false, "access": "rwm"},
                {"allow": true, "type": "c", "access": "m"},
                {"allow": true, "type": "b", "access": "m"},
                {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
                {"allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
                {"allow": true, "type": "c", "major": 1, "minor": 7, "access": "rwm"},
                {"allow": true, "type": "c", "major": 1, "minor": 8, "access": "rwm"},
                {"allow": true, "type": "c", "major": 1, "minor": 9, "access": "rwm"},
                {"allow": true, "type": "c", "major": 5, "minor": 0, "access": "rwm"},
                {"allow": true, "type": "c", "major": 5, "minor": 1, "access": "rwm"},
                {"allow": true, "type": "c", "major": 5, "minor": 2, "access": "rwm"},
                {"allow": true, "type": "c", "major": 136, "access": "rwm"}
              ],
              "pids": {"limit": 4096}
            },
            "namespaces": [
              {"type": "user"},
              {"type": "mount"},
              {"type": "network"},
              {"type": "pid"},
              {"type": "ipc"},
              {"type": "uts"},
              {"type": "cgroup"}
            ],
            "maskedPaths": [
              "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
              "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
              "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal", "/sys/firmware"
            ],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
          }
        }
        """#
}
