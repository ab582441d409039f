import Testing

@testable import LinuxNetwork

@Suite("Addresses and networks") struct IPAddressTests {
    @Test(
        "texts that are addresses come back in their shortest form",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("255.255.255.255", "255.255.255.255"), ("2001:0DB8:0::1", "2001:db8::1"),
            ("::", "::"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ])
    func parsing(text: String, expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test("other texts are none", arguments: ["", "1.2.3", "1.2.3.256", "01.2.3.4 ", "g::", "1:2:3:4:5:6:7:8:9"])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("a network has a first and a last address, and contains those between")
    func bounds() throws {
        let network = try #require(IPNetwork("172.30.5.1/16"))
        #expect(network.network.description == "172.30.0.0/16")
        #expect(network.last.description == "172.30.255.255")
        #expect(network.contains(try #require(IPAddress("172.30.255.255"))))
        #expect(!network.contains(try #require(IPAddress("172.31.0.0"))))
        #expect(!network.contains(try #require(IPAddress("::1"))))
        #expect(network.overlaps(try #require(IPNetwork("172.0.0.0/8"))))
        #expect(!network.overlaps(try #require(IPNetwork("172.31.0.0/16"))))
        let long = try #require(IPNetwork("fd00:1::5/64"))
        #expect(long.first.description == "fd00:1::" && long.last.description == "fd00:1::ffff:ffff:ffff:ffff")
        #expect(IPNetwork("0.0.0.0/0")?.last.description == "255.255.255.255")
        #expect(IPNetwork("1.2.3.4/32")?.first == IPAddress("1.2.3.4"))
        for text in ["1.2.3.4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/08", "::/129", "a/8"] {
            #expect(IPNetwork(text) == nil, "\(text)")
        }
    }

    @Test("counting ends at the last address")
    func advancing() throws {
        let address = try #require(IPAddress("255.255.255.254"))
        #expect(address.advanced(by: 1)?.description == "255.255.255.255")
        #expect(address.advanced(by: 2) == nil)
        #expect(address.advanced(by: UInt64.max) == nil)
        #expect(IPAddress("fd00::ffff")?.advanced(by: 1)?.description == "fd00::1:0")
    }

    @Test("addresses of links are read, written, and made for addresses")
    func linkAddresses() throws {
        #expect(MACAddress("02:4E:ac-1e:00:02")?.description == "02:4e:ac:1e:00:02")
        #expect(MACAddress(for: try #require(IPAddress("172.30.0.2"))).description == "02:4e:ac:1e:00:02")
        for text in ["", "02:4e:ac:1e:00", "02:4e:ac:1e:00:02:03", "2:4e:ac:1e:00:02", "zz:4e:ac:1e:00:02"] {
            #expect(MACAddress(text) == nil, "\(text)")
        }
        #expect(MACAddress("01:00:5e:00:00:01")?.isUnicast == false)
        #expect(MACAddress("00:00:00:00:00:00")?.isUnicast == false)
    }
}
