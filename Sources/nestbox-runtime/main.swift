internal import Glibc
internal import OCIRuntime

exit(RuntimeCommand.run(CommandWords.all()))
