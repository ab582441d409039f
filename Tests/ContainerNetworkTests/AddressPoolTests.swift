import LinuxNetwork
import Testing

@testable import ContainerNetwork

@Suite("Address pools") struct AddressPoolTests {
    @Test("a chosen network overlaps nothing that is taken")
    func free() throws {
        let all = try #require(IPNetwork("172.16.0.0/12"))
        let first = try #require(AddressPool(taken: [], seed: 5).freeIPv4())
        #expect(first.description == "172.16.80.0/20")
        let second = try #require(AddressPool(taken: [first], seed: 5).freeIPv4())
        #expect(second.description == "172.16.96.0/20")
        let elsewhere = try #require(AddressPool(taken: [all], seed: 5).freeIPv4())
        #expect(!elsewhere.overlaps(all))
        let everything = try #require(IPNetwork("0.0.0.0/0"))
        #expect(AddressPool(taken: [everything], seed: 5).freeIPv4() == nil)
    }

    @Test("an IPv6 network is a unique local one of 64 bits, and avoids those that are taken")
    func unique() throws {
        let random: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let first = try #require(AddressPool(taken: [], seed: 0).freeIPv6(random: random))
        #expect(first.description == "fd01:203:405:607::/64")
        let second = try #require(AddressPool(taken: [first], seed: 0).freeIPv6(random: random))
        #expect(!second.overlaps(first))
    }

    @Test("a subnet's own, broadcast and gateway addresses are nobody's")
    func usable() throws {
        let subnet = Subnet(try #require(IPNetwork("10.1.2.3/24")))
        #expect(subnet.gateway == IPAddress("10.1.2.1"))
        for (text, isUsable) in [
            ("10.1.2.0", false), ("10.1.2.1", false), ("10.1.2.2", true), ("10.1.2.255", false), ("10.1.3.2", false),
            ("fd00::1", false),
        ] {
            #expect(subnet.isUsable(try #require(IPAddress(text))) == isUsable, "\(text)")
        }
    }
}
