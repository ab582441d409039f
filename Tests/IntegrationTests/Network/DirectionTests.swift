import Testing

extension IntegrationTests {
    /// Every direction in which a container is reached and reaches others, with real traffic.
    @Suite struct NetworkDirections {
        @Test(arguments: [DirectionMode.bridge, .bridgeIPv6], Transport.allCases)
        func aPublishedPortIsReachedFromEverywhere(_ mode: DirectionMode, _ transport: Transport) throws {
            try TestEngine.withNetwork { engine, network in
                let place = try DirectionPlace(engine, network, mode)
                for direction in Direction.allCases where mode.has(direction) && direction != .ownAddressFromPeer {
                    let source = try place.source(direction, transport)
                    #expect(source != nil, "\(direction.rawValue)")
                    switch direction {
                    case .peer, .neighbour: #expect(source == place.ownAddress(direction), "\(direction.rawValue)")
                    // The other host knows no way to a container's address.
                    case .outwards: #expect(source == mode.family.host)
                    default: break
                    }
                }
            }
        }

        /// No search for duplicates of an address keeps the first client waiting, neither inside nor on the bridge.
        @Test(arguments: [DirectionMode.bridge, .bridgeIPv6])
        func aFreshNetworkIsReadyAtOnce(_ mode: DirectionMode) throws {
            for direction in [Direction.peer, .neighbour, .outwards] {
                try TestEngine.withNetwork { engine, network in
                    // The LAN is new, too, and the kernel may take a second to say that its cables are in.
                    for machine in [network.host, network.peer] {
                        #expect(
                            try TestEngine.eventually {
                                try machine.run(["ip", "-br", "link", "show", TestNetwork.interface]).output
                                    .contains(" UP ")
                            })
                    }
                    let place = try DirectionPlace(engine, network, mode)
                    let start = ContinuousClock.now
                    try #expect(place.source(direction, .tcp) != nil, "\(direction.rawValue)")
                    let time = ContinuousClock.now - start
                    #expect(time < .milliseconds(500 * TestEngine.patience), "\(direction.rawValue)")
                }
            }
        }

        /// Bridged frames pass the IP hooks where br_netfilter says so (Docker loads it): nothing may depend on that.
        @Test(arguments: [DirectionMode.bridge, .bridgeIPv6], ["0", "1"])
        func bridgedFramesMayPassTheIPHooks(_ mode: DirectionMode, _ value: String) throws {
            try TestEngine.withNetwork { engine, network in
                let name = "net/bridge/bridge-nf-call-\(mode.family == .ipv4 ? "ip" : "ip6")tables"
                guard try network.host.run(["test", "-e", "/proc/sys/\(name)"]).status == 0 else { return }
                try network.host.set(name, to: value)
                let place = try DirectionPlace(engine, network, mode)
                for direction in [Direction.peer, .neighbour, .throughHost, .itself, .outwards] {
                    try #expect(place.source(direction, .tcp) != nil, "\(direction.rawValue)")
                }
            }
        }

        /// What is reached in which mode, as the README shows it.
        @Test func theTableOfModesAndDirections() throws {
            var table = DirectionTable()
            for mode in DirectionMode.allCases {
                try TestEngine.withNetwork { engine, network in
                    let place = try DirectionPlace(engine, network, mode)
                    for direction in Direction.allCases { try table.fill(mode, direction, in: place) }
                    guard mode.isTask else { return }
                    for name in ["web", "other"] {
                        try engine("rm", "-f", "\(name)-main")
                        try #expect(engine("task-net", "rm", name).status == 0)
                    }
                    try engine("network", "rm", "lane")
                }
            }
            try table.writeIfWanted()
            for direction in Direction.allCases {
                let open: [DirectionMode] = [.bridge, .bridgeIPv6, .host, .hostIPv6, .task, .taskIPv6]
                for mode in open where mode.has(direction) && direction != .ownAddressFromPeer {
                    #expect(table.isReached(mode, direction) == true, "\(mode.rawValue): \(direction.rawValue)")
                }
                #expect(table.isClosed(.none, direction), "\(direction.rawValue)")
            }
            // Only who is on the host's LAN itself is reached from there without a published port, and the host is not on its side.
            for mode in DirectionMode.allCases where mode != .lanTask && mode.has(.ownAddressFromPeer) {
                #expect(table.isClosed(mode, .ownAddressFromPeer), "\(mode.rawValue)")
            }
            for direction in [Direction.neighbour, .outwards, .ownAddressFromPeer] {
                #expect(table.isReached(.lanTask, direction) == true, "\(direction.rawValue)")
            }
            #expect(table.isClosed(.lanTask, .ownAddress))
            #expect(table.isReached(.internalBridge, .neighbour) == true)
            for direction in [Direction.peer, .outwards] {
                #expect(table.isClosed(.internalBridge, direction), "\(direction.rawValue)")
            }
        }
    }
}
