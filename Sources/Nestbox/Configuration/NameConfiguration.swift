public import LinuxNetwork
public import OCISpec

/// What a container is told about names: the lines of its /etc/hosts and /etc/resolv.conf.
public struct NameConfiguration: JSONCodable, Hashable {
    /// Name servers in the place of the host's.
    public var servers: [IPAddress]
    /// Domains that short names are looked up in; nil: the host's.
    public var searchDomains: [String]?
    /// Options of resolv.conf(5); nil: the host's.
    public var options: [String]?
    /// Lines of /etc/hosts, as `name:address`; the address may be `host-gateway`.
    public var extraHosts: [String]
    /// Containers whose addresses stand in /etc/hosts, as `container` or `container:alias`.
    public var links: [String] = []

    /// The host's servers and nothing special.
    public init() {
        servers = []
        extraHosts = []
    }

    /// Reads the form that `json` writes.
    ///
    /// - Throws: `JSONError`.
    public init(json: JSONValue) throws(JSONError) {
        let object = try json.object()
        servers = try object.optional("servers") ?? []
        searchDomains = try object.optional("searchDomains")
        options = try object.optional("options")
        extraHosts = try object.optional("extraHosts") ?? []
        links = try object.optional("links") ?? []
    }

    /// The JSON form.
    public var json: JSONValue {
        var object = JSONObject()
        object.setUnlessEmpty("servers", to: servers)
        object.set("searchDomains", to: searchDomains)
        object.set("options", to: options)
        object.setUnlessEmpty("extraHosts", to: extraHosts)
        object.setUnlessEmpty("links", to: links)
        return .object(object)
    }
}
