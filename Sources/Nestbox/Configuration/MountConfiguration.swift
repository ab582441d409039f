/// One `-v`, `--mount` or `--tmpfs`.
public struct MountConfiguration: Sendable, Hashable {
    /// What is mounted.
    public enum Kind: String, Sendable, Hashable {
        /// A file or folder of the host.
        case bind
        /// A folder that the engine keeps.
        case volume
        /// Memory.
        case tmpfs
    }

    /// Whether mounts and unmounts travel between the host and the container.
    public enum Propagation: String, Sendable, Hashable, CaseIterable {
        /// In neither direction, submounts not included.
        case `private`
        /// In neither direction.
        case rprivate
        /// In both directions, submounts not included.
        case shared
        /// In both directions.
        case rshared
        /// From the host only, submounts not included.
        case slave
        /// From the host only.
        case rslave
    }

    /// What a bind mount does with the mounts below its source.
    public enum Recursion: String, Sendable, Hashable {
        /// They come along, and are read-only where the mount is and the kernel can (`bind-recursive=enabled`).
        case enabled
        /// They stay away (`bind-recursive=disabled`).
        case disabled
        /// They come along and stay writable (`bind-recursive=writable`).
        case writable
        /// They come along and must become read-only; fails where the kernel cannot (`bind-recursive=readonly`).
        case readonly
    }

    /// What is mounted.
    public var kind: Kind
    /// The host's absolute path (bind) or the volume's name; nil: an anonymous volume, or a tmpfs.
    public var source: String?
    /// The absolute, cleaned path inside the container.
    public var target: String
    /// Nothing can be written through it.
    public var readOnly: Bool
    /// How mount events travel; nil: rprivate.
    public var propagation: Propagation?
    /// What happens to mounts below the source of a bind mount.
    public var recursion: Recursion
    /// Make the source folder when it is missing, as `-v` does and `--mount` does not.
    public var createSource: Bool
    /// Do not copy what the image holds at the target into an empty volume.
    public var volumeNoCopy: Bool
    /// A folder inside the volume that is mounted in the volume's stead, relative; nil: all of it.
    public var volumeSubpath: String?
    /// The most bytes a tmpfs may hold; nil: half of the memory.
    public var tmpfsSize: Int64?
    /// The permissions of a tmpfs' root; nil: 01777.
    public var tmpfsMode: UInt32?
    /// The options of a tmpfs other than size and mode, in the order given (`noexec`, `uid=5`, …); those that Docker
    /// always gives (`noexec,nosuid,nodev`) are in it unless the caller said otherwise.
    public var tmpfsOptions: [String]

    /// A mount with Docker's defaults for all the rest.
    public init(kind: Kind, source: String? = nil, target: String, readOnly: Bool = false) {
        self.kind = kind
        self.source = source
        self.target = target
        self.readOnly = readOnly
        recursion = .enabled
        createSource = false
        volumeNoCopy = false
        tmpfsOptions = kind == .tmpfs ? MountConfiguration.defaultTmpfsOptions : []
    }

    /// What Docker gives a tmpfs that says nothing else.
    public static let defaultTmpfsOptions = ["noexec", "nosuid", "nodev"]
}
