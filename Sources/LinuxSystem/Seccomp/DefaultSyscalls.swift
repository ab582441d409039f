/// The system calls of the default profile, by subject.
///
/// The facts follow the profile that Docker applies (moby/profiles, 2026). A call that is listed here for one ABI only
/// is skipped on the others.
enum DefaultSyscalls {
    /// Calls that every container may make.
    static var always: [String] {
        [
            openingAndClosing, readingAndWriting, fileMetadata, extendedAttributes, folders, fileSystems, notification,
            asynchronousIO, memory, processes, identity, scheduling, signals, waiting, time, networking, systemVIPC,
            messageQueues, sandboxing, machine,
        ].flatMap(words)
    }

    /// Calls of one ABI's own.
    static var native: [String] {
        #if arch(x86_64)
            words("arch_prctl modify_ldt")
        #elseif arch(arm64)
            words("arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls")
        #endif
    }

    /// Tracing, harmless since Linux 4.8, where a traced process can no longer escape its own filter.
    static let tracing = ["process_vm_readv", "process_vm_writev", "ptrace"]

    /// Calls that a capability unlocks.
    static let unlocked: [(capability: Capability, names: [String])] = [
        (.dacReadSearch, ["open_by_handle_at"]),
        (
            .sysAdmin,
            words(
                """
                bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
                lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl
                quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
                """)
        ),
        (.sysBoot, ["reboot"]),
        (.sysChroot, ["chroot"]),
        (.sysModule, ["delete_module", "init_module", "finit_module"]),
        (.sysPacct, ["acct"]),
        (.sysPtrace, ["kcmp", "pidfd_getfd", "process_madvise"] + tracing),
        (.sysRawIO, ["iopl", "ioperm"]),
        (.sysTime, ["settimeofday", "stime", "clock_settime", "clock_settime64"]),
        (.sysTTYConfig, ["vhangup"]),
        (.sysNice, ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"]),
        (.syslog, ["syslog"]),
        (.bpf, ["bpf"]),
        (.perfmon, ["perf_event_open"]),
    ]

    /// `CLONE_NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID` and `NEWNET` of clone(2).
    static let namespaceFlags: UInt64 = 0x7e02_0000

    /// What personality(2) may be set to: the plain one, `PER_LINUX32`, both with `UNAME26`, and the query.
    static let personalities: [UInt64] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]

    /// The first address family that may not be opened; all below may (12, `AF_DECnet`, is gone from Linux).
    static let firstClosedFamily: UInt64 = 12

    /// The other address families that may be opened (`linux/socket.h`).
    ///
    /// Not among them: families that Linux has removed, `AF_ALG` (38), an attack surface without a use in containers,
    /// and `AF_VSOCK` (40), which reaches the hypervisor or other machines past every network namespace.
    static let openFamilies: [UInt64] = [
        13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45,
    ]

    private static func words(_ text: String) -> [String] {
        text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map { String($0) ?? "" }
    }
}

extension DefaultSyscalls {
    private static let openingAndClosing = """
        close close_range creat dup dup2 dup3 fcntl fcntl64 flock memfd_create memfd_secret name_to_handle_at open
        openat openat2 pipe pipe2
        """
    private static let readingAndWriting = """
        _llseek copy_file_range fadvise64 fadvise64_64 fallocate fdatasync fsync ftruncate ftruncate64 ioctl lseek
        pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice
        sync_file_range tee truncate truncate64 vmsplice write writev
        """
    private static let fileMetadata = """
        access chmod chown chown32 faccessat faccessat2 fchmod fchmodat fchmodat2 fchown fchown32 fchownat fstat
        fstat64 fstatat64 futimesat lchown lchown32 lstat lstat64 newfstatat stat stat64 statx umask utime utimensat
        utimensat_time64 utimes
        """
    private static let extendedAttributes = """
        fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr
        lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat
        """
    private static let folders = """
        chdir fchdir getcwd getdents getdents64 link linkat mkdir mkdirat mknod mknodat readlink readlinkat rename
        renameat renameat2 rmdir symlink symlinkat unlink unlinkat
        """
    private static let fileSystems = "cachestat fstatfs fstatfs64 listmount statfs statfs64 statmount sync syncfs"
    private static let notification = """
        epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
        eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch signalfd signalfd4
        """
    private static let asynchronousIO = """
        io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit
        """
    private static let memory = """
        brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync
        munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages
        """
    private static let processes = """
        execve execveat exit exit_group fork getpgid getpgrp getpid getppid getsid gettid pidfd_open
        pidfd_send_signal prctl rseq set_robust_list get_robust_list set_tid_address setpgid setsid vfork wait4 waitid
        waitpid
        """
    private static let identity = """
        capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
        getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
        setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32
        """
    private static let scheduling = """
        getcpu getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max
        sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
        sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
        setpriority setrlimit ugetrlimit
        """
    private static let signals = """
        kill pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
        rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill tkill
        """
    private static let waiting = """
        _newselect futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake poll ppoll ppoll_time64 pselect6
        pselect6_time64 select
        """
    private static let time = """
        adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
        clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create
        timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
        timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times
        """
    /// socket(2) itself has rules of its own.
    ///
    /// i386's socketcall(2) hides its arguments behind a pointer, so the address families cannot be told apart there;
    /// the C library of 32-bit programs needs it all the same, and Docker lets it through too.
    private static let networking = """
        accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64
        recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair
        """
    private static let systemVIPC = """
        ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
        """
    private static let messageQueues = """
        mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
        mq_unlink
        """
    private static let sandboxing = """
        landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp
        """
    private static let machine = "get_thread_area getrandom set_thread_area sysinfo uname uretprobe"
}
