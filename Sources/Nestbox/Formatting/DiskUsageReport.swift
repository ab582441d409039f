internal import ImageStore
public import OCISpec

/// Disk usage as `system df` shows it, in Docker's form.
public struct DiskUsageReport: Sendable {
    private let usage: DiskUsage

    /// Describes the usage.
    public init(_ usage: DiskUsage) {
        self.usage = usage
    }

    // MARK: - A line for each kind

    /// The template of the usual table.
    public static let table = #"{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"#

    /// The fields' column titles.
    public static let headers: JSONObject = [
        "Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE", "Reclaimable": "RECLAIMABLE",
    ]

    /// The fields of images, containers, local volumes, and of the build cache, which there is none of.
    public var rows: [JSONValue] {
        let (containers, volumes) = (usage.containers, usage.volumes)
        return [
            Self.row(
                "Images", usage.images.count, active: usage.images.count { $0.containers > 0 }, usage.layers,
                reclaimable: usage.unusedLayers),
            Self.row(
                "Containers", containers.count, active: containers.count { $0.container.isActive },
                containers.reduce(0) { $0 + $1.size },
                reclaimable: containers.reduce(0) { $0 + ($1.container.isActive ? 0 : $1.size) }),
            Self.row(
                "Local Volumes", volumes.count, active: volumes.count { $0.links > 0 },
                volumes.reduce(0) { $0 + $1.size },
                reclaimable: volumes.reduce(0) { $0 + ($1.links > 0 ? 0 : $1.size) }),
            Self.row("Build Cache", 0, active: 0, 0, reclaimable: 0),
        ]
    }

    private static func row(
        _ kind: String, _ count: Int, active: Int, _ size: Int64, reclaimable: Int64
    ) -> JSONValue {
        // Of nothing no part can be told.
        let share = size > 0 ? " (\(Int64(Double(reclaimable) * 100 / Double(size)))%)" : ""
        return [
            "Type": .string(kind), "TotalCount": .string(String(count)), "Active": .string(String(active)),
            "Size": .string(HumanText.size(size)), "Reclaimable": .string(HumanText.size(reclaimable) + share),
        ]
    }

    // MARK: - A line for each thing

    private static let imageTable =
        #"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}"#
    private static let containerTable =
        #"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}"#
    private static let volumeTable = #"{{.Name}}\t{{.Links}}\t{{.Size}}"#
    private static let cacheTable =
        #"{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}"#

    /// Everything for templates: `Images`, `Containers`, `Volumes` and `BuildCache`.
    ///
    /// - Parameters:
    ///   - now: what ages count to.
    ///   - isShortened: whether ids have 12 digits.
    public func details(now: Timestamp, isShortened: Bool = false) -> JSONValue {
        [
            "Images": .array(usage.images.map { Self.row($0, now: now, isShortened: isShortened) }),
            "Containers": .array(
                usage.containers.map {
                    let report = ContainerReport($0.container, now: now, isShortened: isShortened)
                    return report.row.setting("Size", HumanText.size($0.size))
                }),
            "Volumes": .array(
                usage.volumes.map {
                    $0.volume.row.setting("Links", String($0.links)).setting("Size", HumanText.size($0.size))
                }),
            "BuildCache": .array([]),
        ]
    }

    private static func row(_ share: DiskUsage.ImageShare, now: Timestamp, isShortened: Bool) -> JSONValue {
        let report = ImageReport(share.image)
        return report.row(name: report.names.first ?? nil, now: now, isShortened: isShortened)
            .setting("SharedSize", HumanText.size(share.shared)).setting("UniqueSize", HumanText.size(share.unique))
            .setting("Containers", String(share.containers))
    }

    /// Four tables, each with a title.
    ///
    /// - Throws: `TemplateError`.
    public func detailText(now: Timestamp) throws(TemplateError) -> String {
        let details = details(now: now, isShortened: true)
        func text(_ kind: String, _ table: String, _ headers: JSONObject) throws(TemplateError) -> String {
            try ListFormat(parsing: nil, table: table).text(of: details[kind]?.arrayValue ?? [], headers: headers)
        }
        var imageHeaders = ImageReport.headers
        imageHeaders["SharedSize"] = "SHARED SIZE"
        imageHeaders["UniqueSize"] = "UNIQUE SIZE"
        imageHeaders["Containers"] = "CONTAINERS"
        var containerHeaders = ContainerReport.headers
        containerHeaders["Size"] = "SIZE"
        let cacheHeaders: JSONObject = [
            "ID": "CACHE ID", "CacheType": "CACHE TYPE", "Size": "SIZE", "CreatedSince": "CREATED",
            "LastUsedSince": "LAST USED", "UsageCount": "USAGE", "Shared": "SHARED",
        ]
        return try "Images space usage:\n\n" + text("Images", Self.imageTable, imageHeaders)
            + "\nContainers space usage:\n\n" + text("Containers", Self.containerTable, containerHeaders)
            + "\nLocal Volumes space usage:\n\n" + text("Volumes", Self.volumeTable, Volume.headers)
            + "\nBuild cache usage: 0B\n\n" + text("BuildCache", Self.cacheTable, cacheHeaders)
    }
}

extension JSONValue {
    /// An object with one more member, or another value of one.
    fileprivate func setting(_ name: String, _ text: String) -> JSONValue {
        guard case .object(var object) = self else { return self }
        object[name] = .string(text)
        return .object(object)
    }
}
