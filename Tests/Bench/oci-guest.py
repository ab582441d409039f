"""The part of oci-vm.sh that runs in the VM, as process 1 of a PID namespace: oci-guest.py RUNS OURS CRUN RUNC."""

import os
import resource
import statistics
import subprocess
import sys

GOALS = (0.8, 0.25)


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


def processor_time(commands):
    """Milliseconds of the commands' processes and of those that they leave behind, whose parent process 1 becomes."""
    before = used()
    for command in commands:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return used() - before


def parts(program):
    # Containers' folders on a tmpfs, as on a machine's /run.
    runtime = [program, "--root", f"/run/oci-{program}"]
    cycle = [["create", "b"], ["start", "b"], ["state", "b"], ["delete", "--force", "b"]]
    return {
        "run of /bin/true": [runtime + ["run", "a"]],
        "create, start, state, delete": [runtime + words for words in cycle],
    }


def main():
    runs, programs = int(sys.argv[1]), sys.argv[2:]
    os.chdir("/bundle")
    print(f"OCI runtime in the VM with cgroups v2, processor time, medians of {runs} in ms:")
    for part in parts(programs[0]):
        times = {program: [] for program in programs}
        for turn in range(runs + 2):
            for program in programs:
                time = processor_time(parts(program)[part])
                # The first two bring files into memory.
                if turn >= 2:
                    times[program].append(time)
        own, *others = (statistics.median(times[program]) for program in programs)
        print(f"  {part}: {own:.1f}")
        for program, other, goal in zip(programs[1:], others, GOALS):
            print(f"    {program} {other:.1f}, ratio {own / other:.3f} (goal: at most {goal})")


main()
