internal import OCISpec

extension LogConfiguration {
    /// A template of a tag, once it has been tried.
    static func checkedTag(_ text: String) throws(ConfigurationError) -> String {
        do {
            _ = try Template(parsing: text).render(tagFields(id: "", name: "", imageID: "", image: ""))
            return text
        } catch {
            throw ConfigurationError(
                "--log-opt tag", text, "\(error)",
                accepted: "give a template of .ID, .FullID, .Name, .ImageID, .ImageFullID, .ImageName or .DaemonName")
        }
    }

    /// What a tag can be made of, as in Docker.
    fileprivate static func tagFields(id: String, name: String, imageID: String, image: String) -> JSONValue {
        let digits = imageID.split(separator: ":").last ?? ""
        return [
            "ID": .string(String(id.prefix(12))), "FullID": .string(id), "Name": .string(name),
            "ImageID": .string(String(digits.prefix(12))), "ImageFullID": .string(imageID),
            "ImageName": .string(image), "DaemonName": "nestbox",
        ]
    }
}

extension ContainerRecord {
    /// What the journal is told of the container with every line, as Docker's driver does it.
    var journalFields: String {
        let log = configuration.log
        let fields = LogConfiguration.tagFields(id: id, name: name, imageID: imageID, image: configuration.image)
        // It was tried when the container was made.
        let tag = log.tag.flatMap { try? Template(parsing: $0).render(fields) } ?? String(id.prefix(12))
        return [
            ("CONTAINER_ID", String(id.prefix(12))), ("CONTAINER_ID_FULL", id), ("CONTAINER_NAME", name),
            ("CONTAINER_TAG", tag), ("IMAGE_NAME", configuration.image), ("SYSLOG_IDENTIFIER", tag),
        ].map { name, value in
            // A line end would begin a field of somebody else's.
            let line = value.unicodeScalars.filter { $0.value >= 32 }.map(String.init).joined()
            return "\(name)=\(line)\n"
        }.joined()
    }
}
