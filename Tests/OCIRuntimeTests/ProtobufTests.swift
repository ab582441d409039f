import Testing

@testable import OCIRuntime

@Suite struct ProtobufTests {
    @Test func whatIsWrittenIsRead() throws {
        var inner = ProtobufWriter()
        inner.add(1, "lo")
        var writer = ProtobufWriter()
        writer.add(1, 300)
        writer.add(2, -1)
        writer.add(3, "words")
        writer.add(4, inner)
        writer.add(5, if: true)
        writer.add(6, if: false)
        writer.add(1000, Int64.min)
        // The example of the format's own documentation: field 1 is 300.
        #expect(writer.bytes.prefix(3) == [0x08, 0xac, 0x02])
        let message = try ProtobufMessage(writer.bytes[...])
        #expect(message.number(1) == 300 && message.int32(2) == -1 && message.text(3) == "words")
        try #expect(message.message(4)?.text(1) == "lo")
        #expect(message.flag(5) && !message.flag(6) && message.number(6) == nil)
        #expect(message.number(1000) == 1 << 63)
    }

    @Test func theLastOneCountsAndOthersArePassedOver() throws {
        // Field 1 twice; field 2 of 8 bytes, field 3 of 4.
        let bytes: [UInt8] = [0x08, 1, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4, 0x08, 2]
        let message = try ProtobufMessage(bytes[...])
        #expect(message.number(1) == 2 && message.number(2) == nil && message.number(3) == nil)
        #expect(message.text(1) == nil)
    }

    @Test(
        arguments: [
            [0x08], [0x80], [0x0a, 5, 1], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            [0x0d, 1, 2],
            [0x09, 1], [0x00, 1], [0x0b], [0x0c], [0x0e], [0x0f],
            [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1],
        ] as [[UInt8]])
    func whatIsNoMessageIsRefused(bytes: [UInt8]) {
        #expect(throws: ProtobufError.self) { try ProtobufMessage(bytes[...]) }
    }

    /// Bytes of every kind, in an order that is always the same.
    @Test func noBytesCrashIt() {
        var state: UInt64 = 1
        for length in 0..<2000 {
            let bytes = (0..<length % 64).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            _ = try? CRIUResponse(bytes[...])
        }
    }

    @Test func criusAnswersAreUnderstood() throws {
        // A notification of the set-up of namespaces, of process 42.
        var notify = ProtobufWriter()
        notify.add(1, "setup-namespaces")
        notify.add(2, 42)
        var writer = ProtobufWriter()
        writer.add(1, 6)
        writer.add(2, if: true)
        writer.add(5, notify)
        let notification = try CRIUResponse(writer.bytes[...])
        #expect(notification.isSuccess && notification.notification == "setup-namespaces")
        #expect(notification.notifiedProcess == 42 && notification.version == nil)

        var version = ProtobufWriter()
        version.add(1, 3)
        version.add(2, 17)
        version.add(4, 1)
        var answer = ProtobufWriter()
        answer.add(1, 10)
        answer.add(2, if: true)
        answer.add(10, version)
        let found = try #require(try CRIUResponse(answer.bytes[...]).version)
        #expect(found.description == "3.17.1" && found > CRIUVersion(major: 3, minor: 17))
        #expect(found < CRIUVersion(major: 4, minor: 0))
    }

    @Test func requestsHaveCriusNumbers() throws {
        var options = CRIUOptions()
        options.imageFolder = 7
        options.process = 42
        options.keepsConnections = true
        options.externalMounts = [.init(key: "/data", value: "/srv")]
        options.inheritedDescriptors = [.init(key: "pipe:[1]", number: 1)]
        let message = try ProtobufMessage(CRIURequest(kind: .dump, options: options).bytes[...])
        #expect(message.number(1) == 1)
        let sent = try #require(try message.message(2))
        #expect(sent.number(1) == 7 && sent.number(2) == 42 && sent.flag(5) && !sent.flag(3))
        #expect(sent.flag(12) && sent.number(34) == 6 && sent.number(38) == 0x4000_0000)
        let mount = try sent.message(23)
        #expect(mount?.text(1) == "/data" && mount?.text(2) == "/srv")
        let stream = try sent.message(27)
        #expect(stream?.text(1) == "pipe:[1]" && stream?.number(2) == 1)
        let refusal = try ProtobufMessage(CRIURequest(kind: .notify, goesOn: false).bytes[...])
        #expect(refusal.number(1) == 6 && refusal.number(3) == 0)
    }
}
