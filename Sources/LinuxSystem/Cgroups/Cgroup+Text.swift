extension Cgroup {
    /// The text of a file in the group of a controller; nil when it is not there, or not any more.
    public func text(of file: String, _ controller: CgroupController) -> String? {
        text(of: file, in: layout.v1[controller] ?? layout.unified)
    }

    /// By its path at once: hundreds of containers are asked, and opening the folder first would double the calls.
    public func text(of file: String, in hierarchy: String) -> String? {
        (try? StoredFile.readText("\(hierarchy)/\(path)/\(file)")) ?? nil
    }

    /// The number in a file; nil when it is not there, or is a word such as `max`.
    public func number(of file: String, _ controller: CgroupController) -> UInt64? {
        text(of: file, controller).flatMap { UInt64($0.prefix { $0 != "\n" }) }
    }
}
