public import ImageStore
public import OCISpec

/// What `nestbox verify` says.
public struct VerificationReport: Sendable {
    private let repair: StoreRepair

    /// Makes the report of what was found.
    public init(_ report: StoreReport) { repair = StoreRepair(report: report) }

    /// Makes the report of what was repaired.
    public init(_ repair: StoreRepair) { self.repair = repair }

    /// The damaged objects: each one's digest, name or path, a line each.
    public var names: [String] { repair.report.damages.map { Self.description(of: $0.object).name } }

    /// A line for each damaged object, one for each that is whole again, and one for all.
    public var lines: [String] {
        let report = repair.report
        var lines = repair.repaired.map { damage in
            let (kind, name) = Self.description(of: damage.object)
            return "repaired: \(kind) \(name) (\(damage.problem))"
        }
        lines += report.damages.map { damage in
            let (kind, name) = Self.description(of: damage.object)
            let users = damage.users.isEmpty ? "" : "; needed by \(damage.users.joined(separator: ", "))"
            let reason = repair.reasons[damage.object].map { "; \($0)" } ?? ""
            return "\(kind) \(name): \(damage.problem)\(users); \(Self.text(of: damage.remedy))\(reason)"
        }
        let found = [
            Self.count(report.blobs, "blob") + " (\(HumanText.size(report.bytes)))",
            Self.count(report.layers, "unpacked layer"), Self.count(report.images, "image"),
            Self.count(report.repositories, "repository", "repositories"),
        ]
        var result = report.isWhole ? "all whole" : "\(report.damages.count) damaged"
        if !repair.repaired.isEmpty { result += ", \(repair.repaired.count) repaired" }
        if report.uncomparedLayers > 0 {
            result += ", \(Self.count(report.uncomparedLayers, "layer")) not compared with what it came from"
        }
        return lines.map { HumanText.printable($0) } + ["\(found.joined(separator: ", ")): \(result)"]
    }

    /// The same for programs.
    public var json: JSONValue {
        var object = JSONObject()
        object.set("Whole", to: repair.report.isWhole)
        object.set("Blobs", to: repair.report.blobs)
        object.set("Bytes", to: repair.report.bytes)
        object.set("Layers", to: repair.report.layers)
        object.set("UncomparedLayers", to: repair.report.uncomparedLayers)
        object.set("Images", to: repair.report.images)
        object.set("Repositories", to: repair.report.repositories)
        object.set("Damages", to: repair.report.damages.map(json))
        object.set("Repaired", to: repair.repaired.map(json))
        return .object(object)
    }

    private func json(_ damage: StoreDamage) -> JSONValue {
        let (kind, name) = Self.description(of: damage.object)
        var object = JSONObject()
        object.set("Kind", to: kind)
        object.set("Name", to: name)
        object.set("Problem", to: damage.problem)
        object.set("Users", to: damage.users)
        object.set("Remedy", to: Self.text(of: damage.remedy))
        object.set("Reason", to: repair.reasons[damage.object])
        return .object(object)
    }

    private static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? "\(noun)s")"
    }

    private static func description(of object: StoreObject) -> (kind: String, name: String) {
        switch object {
        case .blob(let digest): ("blob", digest.description)
        case .layer(let diffID): ("layer", diffID.description)
        case .image(let id): ("image", id.description)
        case .references: ("names of images", "images/references.json")
        case .reference(let name): ("name", name)
        case .repository(let path): ("file", path)
        case .stray(let path): ("stray", path)
        }
    }

    private static func text(of remedy: StoreDamage.Remedy) -> String {
        switch remedy {
        case .fetch(let references, _):
            var domains: [String] = []
            for domain in references.map(\.domain) where !domains.contains(domain) { domains.append(domain) }
            return "--repair fetches it from \(domains.joined(separator: " or "))"
        case .unpack: return "--repair unpacks it again"
        case .rewrite: return "--repair writes it anew"
        case .remove: return "--repair removes it"
        case .push: return "push it again after --repair"
        case .load: return "load or pull its image again"
        }
    }
}
