internal import Glibc

/// Container names: the rule for given ones, and making them up.
enum ContainerName {
    /// Docker's rule, `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, bounded by the longest file name (255 bytes).
    ///
    /// One leading slash, as Docker's
    /// API writes names, is dropped.
    ///
    /// - Throws: `EngineError.invalidName`.
    static func validated(_ name: String) throws(EngineError) -> String {
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        let bytes = Array(bare.utf8)
        guard bytes.count >= 2, bytes.count <= 255, isAlphanumeric(bytes[0]),
            bytes.allSatisfy({ isAlphanumeric($0) || $0 == 95 || $0 == 46 || $0 == 45 })
        else { throw .invalidName(name) }
        return bare
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// An `adjective_noun` pair chosen by `number`; from the second `attempt` on with that number behind it.
    static func generated(from number: UInt64, attempt: Int = 0) -> String {
        let adjective = adjectives[Int(number % UInt64(adjectives.count))]
        let noun = nouns[Int((number / UInt64(adjectives.count)) % UInt64(nouns.count))]
        return attempt == 0 ? "\(adjective)_\(noun)" : "\(adjective)_\(noun)\(number % 10_000)"
    }

    /// The number that a container id's first 16 digits stand for: random, since the id is.
    static func number(of id: String) -> UInt64 { UInt64(id.prefix(16), radix: 16) ?? 0 }

    private static let adjectives = [
        "agile", "amber", "ample", "azure", "balmy", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid",
        "cheery",
        "civil", "clear", "clever", "cosy", "crisp", "curious", "dapper", "daring", "deft", "eager", "early", "earnest",
        "elated", "fair", "fancy", "feathered", "fleet", "fluffy", "fond", "frank", "fresh", "frosty", "gentle", "glad",
        "golden", "grand", "hardy", "hazel", "hearty", "honest", "humble", "ideal", "jaunty", "jolly", "keen", "kind",
        "lively",
        "loyal", "lucid", "lucky", "mellow", "merry", "mild", "misty", "modest", "neat", "nimble", "noble", "patient",
        "perky",
        "placid", "plucky", "polite", "prompt", "proud", "quick", "quiet", "rapid", "ready", "regal", "rosy", "rustic",
        "sage",
        "serene", "sharp", "silver", "sleek", "snug", "sober", "spry", "steady", "sturdy", "sunny", "swift", "tidy",
        "tranquil",
        "trusty", "upbeat", "vivid", "warm", "wise", "witty", "zesty",
    ]

    /// Birds, since these live in nest boxes and beside them.
    private static let nouns = [
        "accentor", "albatross", "avocet", "barbet", "bee_eater", "bittern", "blackbird", "bluebird", "bulbul",
        "bunting",
        "buzzard", "chaffinch", "chickadee", "chough", "condor", "coot", "cormorant", "crane", "crossbill", "cuckoo",
        "curlew",
        "dipper", "dotterel", "dove", "dunlin", "dunnock", "egret", "eider", "falcon", "fieldfare", "finch", "flamingo",
        "flicker", "fulmar", "gannet", "godwit", "goldcrest", "goldfinch", "goshawk", "grebe", "greenfinch", "grouse",
        "harrier",
        "hawfinch", "heron", "hobby", "hoopoe", "hornbill", "ibis", "jackdaw", "jay", "kestrel", "kingfisher", "kite",
        "kittiwake", "knot", "lapwing", "lark", "linnet", "loon", "lorikeet", "magpie", "mallard", "martin", "merlin",
        "nightjar", "nuthatch", "oriole", "osprey", "ouzel", "owl", "partridge", "pelican", "petrel", "phoebe",
        "pintail",
        "pipit", "plover", "puffin", "quail", "raven", "redpoll", "redstart", "robin", "rook", "ruff", "sanderling",
        "sandpiper",
        "serin", "shearwater", "shelduck", "shrike", "siskin", "skylark", "snipe", "sparrow", "starling", "stilt",
        "stork",
        "swallow", "swift", "tanager", "teal", "tern", "thrush", "titmouse", "toucan", "treecreeper", "turnstone",
        "vireo",
        "wagtail", "warbler", "waxwing", "wheatear", "whimbrel", "whinchat", "wigeon", "woodcock", "woodpecker", "wren",
        "wryneck",
    ]
}
