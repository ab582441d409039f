import LinuxSystem
import Testing

@Suite("Capabilities") struct CapabilityTests {
    @Test(
        "names are read with and without prefix, in any case",
        arguments: ["CAP_NET_ADMIN", "net_admin", "cap_Net_Admin"])
    func readsNames(name: String) throws {
        let capability = try Capability(name: name)
        #expect(capability == .netAdmin)
        #expect(capability.number == 12)
        #expect(capability.name == "CAP_NET_ADMIN")
    }

    @Test("every number has a name that leads back to it")
    func namesRoundTrip() throws {
        for number in 0..<64 {
            let capability = try #require(Capability(number: number))
            #expect(try Capability(name: capability.name) == capability)
        }
        #expect(Capability(number: 63)?.name == "CAP_63")
        #expect(Capability(number: 64) == nil)
        #expect(Capability(number: -1) == nil)
    }

    @Test(
        "unknown names are refused",
        arguments: ["", "CAP_", "0x15", "64", "-1", "+1", " chown", "net-admin", "CAP_CAP_CHOWN", "ALL"])
    func refusesUnknown(name: String) {
        #expect(throws: CapabilityError.self) { try Capability(name: name) }
    }

    @Test("a misspelt name is answered with the nearest one")
    func suggests() {
        let error = #expect(throws: CapabilityError.self) { try Capability(name: "NET_ADMN") }
        #expect(error?.description == "unknown capability \"NET_ADMN\"; did you mean CAP_NET_ADMIN?")
        let hopeless = #expect(throws: CapabilityError.self) { try Capability(name: "zzzzzzzz") }
        #expect(hopeless?.nearest == nil)
    }

    @Test("the default set is Docker's")
    func defaultSet() {
        #expect(CapabilitySet.containerDefault.count == 14)
        // CapEff of a plain `docker run`.
        #expect(CapabilitySet.containerDefault.mask == 0x0000_0000_a804_25fb)
    }

    @Test("additions and removals follow Docker's rules")
    func selection() throws {
        let all = CapabilitySet.supported()
        #expect(try CapabilitySet.selected() == .containerDefault)
        #expect(try CapabilitySet.selected(adding: ["sys_admin"]).contains(.sysAdmin))
        #expect(
            try CapabilitySet.selected(dropping: ["CAP_CHOWN"]) == CapabilitySet.containerDefault.subtracting([.chown]))
        #expect(try CapabilitySet.selected(adding: ["NET_ADMIN"], dropping: ["all"]) == [.netAdmin])
        #expect(try CapabilitySet.selected(adding: ["ALL"], dropping: ["SYS_ADMIN"]) == all.subtracting([.sysAdmin]))
        #expect(try CapabilitySet.selected(adding: ["ALL"], dropping: ["ALL"]) == all)
        #expect(try CapabilitySet.selected(adding: ["CHOWN"], dropping: ["CHOWN"]) == .containerDefault)
        #expect(try CapabilitySet.selected(dropping: ["ALL"], privileged: true) == all)
        #expect(throws: CapabilityError.self) { try CapabilitySet.selected(adding: ["NOPE"], privileged: true) }
        #expect(throws: CapabilityError.self) { try CapabilitySet.selected(adding: ["ALL"], dropping: ["NOPE"]) }
    }

    @Test("what the bounding set does not hold is told apart")
    func limits() {
        let (allowed, dropped) = ([.chown, .sysAdmin] as CapabilitySet).limited(to: [.chown, .kill])
        #expect(allowed == [.chown])
        #expect(dropped.names == ["CAP_SYS_ADMIN"])
    }

    @Test("the bounding set is the one in /proc/self/status")
    func bounding() throws {
        let status = try FileDescriptor.open("/proc/thread-self/status").readAll()
        let line = try #require(
            String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("CapBnd:") })
        let mask = try #require(UInt64(line.dropFirst(8).drop { $0 == "\t" || $0 == " " }, radix: 16))
        #expect(CapabilitySet.bounding().mask == mask)
        #expect(CapabilitySet.supported().count >= 38)
        #expect(CapabilitySet.bounding().subtracting(.supported()).isEmpty)
    }
}
