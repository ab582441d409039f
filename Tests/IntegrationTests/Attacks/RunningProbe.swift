#if arch(x86_64)
    import Glibc
    import LinuxSystem

    /// A program that makes one system call and exits with its errno, or 0: 64-bit, static, without a library.
    ///
    /// The test writes it, since no compiler is needed for so little.
    struct SystemCallProbe {
        /// How the kernel is entered.
        enum Entry {
            /// `syscall`: the table of x86-64, and of x32 with bit 30 of the number.
            case native
            /// `int 0x80`: the table of i386.
            case i386
        }

        static let x32Bit: UInt32 = 0x4000_0000

        var name: String
        var number: UInt32
        var entry = Entry.native
        var first: UInt32 = 0

        /// The ELF file.
        var program: [UInt8] {
            let code = self.code
            let size = UInt64(120 + code.count)
            let header: [UInt8] =
                [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
                + Self.bytes(UInt16(2)) + Self.bytes(UInt16(62)) + Self.bytes(UInt32(1))
                + Self.bytes(UInt64(0x400078)) + Self.bytes(UInt64(64)) + Self.bytes(UInt64(0)) + Self.bytes(UInt32(0))
                + Self.bytes(UInt16(64)) + Self.bytes(UInt16(56)) + Self.bytes(UInt16(1))
                + Self.bytes(UInt16(64)) + Self.bytes(UInt16(0)) + Self.bytes(UInt16(0))
            // One loadable segment, readable and executable: the whole file.
            let segment: [UInt8] =
                Self.bytes(UInt32(1)) + Self.bytes(UInt32(5)) + Self.bytes(UInt64(0)) + Self.bytes(UInt64(0x400000))
                + Self.bytes(UInt64(0x400000)) + Self.bytes(size) + Self.bytes(size) + Self.bytes(UInt64(0x1000))
            return header + segment + code
        }

        private var code: [UInt8] {
            [0xbf] + Self.bytes(first)  // mov edi, first
                + [0xbb] + Self.bytes(first)  // mov ebx, first
                + [0x31, 0xf6, 0x31, 0xc9, 0x31, 0xd2]  // xor esi, esi; xor ecx, ecx; xor edx, edx
                + [0x4d, 0x31, 0xd2, 0x4d, 0x31, 0xc0]  // xor r10, r10; xor r8, r8
                + [0xb8] + Self.bytes(number)  // mov eax, number
                + (entry == .native ? [0x0f, 0x05] : [0xcd, 0x80])
                + [0xf7, 0xd8, 0x3d, 0xff, 0x0f, 0, 0, 0x76, 2, 0x31, 0xc0]  // neg eax; no errno: xor eax, eax
                + [0x89, 0xc7, 0xb8, 231, 0, 0, 0, 0x0f, 0x05]  // exit_group(eax)
        }

        private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }

        /// Writes the programs into a new folder `probes` of `parent`, and answers its path.
        static func write(_ probes: [SystemCallProbe], in parent: String) throws -> String {
            let folder = "\(parent)/probes"
            mkdir(folder, 0o755)
            for probe in probes {
                let file = try FileDescriptor.open("\(folder)/\(probe.name)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o755)
                try file.writeAll(probe.program)
            }
            return folder
        }

        /// Runs all that stand in `/probes`, and prints a line for each.
        static func script(_ probes: [SystemCallProbe]) -> String {
            "for p in \(probes.map(\.name).joined(separator: " ")); do /probes/$p; echo $p $?; done"
        }

        /// The exit status of each, by name.
        static func statuses(_ result: CommandResult) -> [String: Int32] {
            var statuses: [String: Int32] = [:]
            for line in result.lines {
                let words = line.split(separator: " ")
                if words.count == 2 { statuses[String(words[0])] = Int32(words[1]) }
            }
            return statuses
        }

        /// Runs all of them in one container.
        ///
        /// - Returns: the exit status of each, by name.
        static func run(
            _ probes: [SystemCallProbe], options: [String] = [], in engine: TestEngine
        ) throws -> [String: Int32] {
            let folder = try write(probes, in: engine.folder)
            return statuses(
                try engine.run(
                    ["run", "--rm", "-v", "\(folder):/probes:ro"] + options + ["busybox", "sh", "-c", script(probes)]))
        }
    }
#endif
