internal import Glibc

// Each write says itself when nobody reads any more.
signal(SIGPIPE, SIG_IGN)
exit(RegistryCommand.run(Array(CommandLine.arguments.dropFirst())))
