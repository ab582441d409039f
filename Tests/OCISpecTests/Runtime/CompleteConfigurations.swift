/// A configuration with every member of a process.
let completeProcess = #"""
    {"ociVersion": "1.3.0", "process": {"terminal": true, "consoleSize": {"height": 24, "width": 80},
     "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4294967295]}, "args": ["a", ""], "env": ["B=c"],
     "cwd": "/d", "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_A"],
      "permitted": ["CAP_B"], "ambient": ["CAP_C"]},
     "rlimits": [{"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 0}], "noNewPrivileges": true,
     "apparmorProfile": "p", "oomScoreAdj": -500, "selinuxLabel": "l",
     "scheduler": {"policy": "SCHED_DEADLINE", "nice": -5, "priority": 9, "runtime": 1, "deadline": 2, "period": 3,
      "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
       "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"]},
     "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 4}, "execCPUAffinity": {"initial": "0-3", "final": "7"}}}
    """#

/// A configuration with every member of the Linux part but the resources.
let completeLinux = #"""
    {"ociVersion": "1.3.0", "linux": {"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
     "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 65536}], "sysctl": {"kernel.shmmax": "1"},
     "cgroupsPath": "/a", "namespaces": [{"type": "pid"}, {"type": "network", "path": "/p"}, {"type": "mount"},
      {"type": "ipc"}, {"type": "uts"}, {"type": "user"}, {"type": "cgroup"}, {"type": "time"}],
     "devices": [{"path": "/dev/x", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 5},
      {"path": "/dev/f", "type": "p", "major": 0, "minor": 0}],
     "netDevices": {"eth0": {"name": "e"}, "eth1": {}},
     "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64",
       "SCMP_ARCH_LOONGARCH64"], "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"],
      "listenerPath": "/l", "listenerMetadata": "m", "syscalls": [{"names": ["clone"], "action": "SCMP_ACT_ALLOW",
       "args": [{"index": 0, "value": 18446744073709551615, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]},
       {"names": ["a", "b"], "action": "SCMP_ACT_NOTIFY", "errnoRet": 1}]},
     "rootfsPropagation": "slave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"], "mountLabel": "l",
     "intelRdt": {"closID": "c", "schemata": ["L3:0=f"], "l3CacheSchema": "L3:0=3", "memBwSchema": "MB:0=7",
      "enableMonitoring": true},
     "memoryPolicy": {"mode": "MPOL_INTERLEAVE", "nodes": "0-1", "flags": ["MPOL_F_STATIC_NODES"]},
     "personality": {"domain": "LINUX32", "flags": ["f"]},
     "timeOffsets": {"monotonic": {"secs": -1, "nanosecs": 5}, "boottime": {"secs": 9}}}}
    """#

/// A configuration with every member of the resources.
let completeResources = #"""
    {"ociVersion": "1.3.0", "linux": {"resources": {"devices": [{"allow": false, "access": "rwm"},
      {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "r"}, {"allow": true, "type": "b", "major": -1}],
     "memory": {"limit": 1, "reservation": 2, "swap": -1, "kernel": 3, "kernelTCP": 4, "swappiness": 5,
      "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
     "cpu": {"shares": 1024, "quota": -1, "burst": 0, "period": 100000, "realtimeRuntime": 1, "realtimePeriod": 2,
      "cpus": "0-1", "mems": "0", "idle": 1},
     "pids": {"limit": 100}, "blockIO": {"weight": 10, "leafWeight": 11,
      "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
      "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 1}],
      "throttleWriteBpsDevice": [{"major": 8, "minor": 2, "rate": 2}],
      "throttleReadIOPSDevice": [{"major": 8, "minor": 3, "rate": 3}],
      "throttleWriteIOPSDevice": [{"major": 8, "minor": 4, "rate": 18446744073709551615}]},
     "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854772000}],
     "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
     "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}}, "unified": {"memory.high": "max"}}}}
    """#
