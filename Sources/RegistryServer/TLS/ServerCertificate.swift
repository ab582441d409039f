internal import Glibc
internal import LinuxSystem
internal import NIOSSL
internal import OCISpec
internal import Synchronization

/// The certificate and the key that a server shows: read again as soon as one of the files is another one.
final class ServerCertificate: Sendable {
    private struct State {
        var context: NIOSSLContext
        /// Which files were looked at last, also when they could not be used; nil: there was none.
        var versions: [FileVersion?]
    }

    private let files: RegistryConfiguration.TLSFiles
    private let notice: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// Reads the files.
    ///
    /// - Parameter notice: is told of a key that is no secret, and later of each change.
    /// - Throws: `RegistryServerError.settings`.
    init(_ files: RegistryConfiguration.TLSFiles, notice: @escaping @Sendable (String) -> Void) throws {
        self.files = files
        self.notice = notice
        let versions = Self.versions(files)
        state = Mutex(State(context: try Self.read(files), versions: versions))
        warnOfReaders()
    }

    /// What the next connection is made with.
    ///
    /// Two calls of stat(2) for each connection; the files are read, on whatever thread this is, only after a change.
    func context() -> NIOSSLContext {
        state.withLock { state in
            // Before the files are read: who changes them meanwhile is noticed at the next connection.
            let versions = Self.versions(files)
            guard versions != state.versions else { return state.context }
            state.versions = versions
            do {
                state.context = try Self.read(files)
                notice("new connections get the certificate that is in \(files.certificate) now")
                warnOfReaders()
            } catch {
                // Halfway through the change of both files they do not fit each other.
                notice("the certificate stays as it was: \(error)")
            }
            return state.context
        }
    }

    private static func versions(_ files: RegistryConfiguration.TLSFiles) -> [FileVersion?] {
        [FileVersion(files.certificate), FileVersion(files.key)]
    }

    private static func read(_ files: RegistryConfiguration.TLSFiles) throws -> NIOSSLContext {
        for path in [files.certificate, files.key] {
            // The library's own words do not say why.
            do throws(SystemError) {
                _ = try FileDescriptor.open(path)
            } catch {
                throw RegistryServerError.settings(path, reason: error.errno.meaning)
            }
        }
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        } catch {
            throw RegistryServerError.settings(files.certificate, reason: "it holds no certificate in PEM form")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        } catch {
            throw RegistryServerError.settings(
                files.key, reason: "it holds no private key in PEM form, or an encrypted one")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RegistryServerError.settings(
                files.key, reason: "it is not the key of the first certificate in \(files.certificate)")
        }
    }

    private func warnOfReaders() {
        var status = stat()
        guard stat(files.key, &status) == 0, status.st_mode & 0o007 != 0 else { return }
        notice("everybody on this machine may read the key \(files.key); 'chmod o= \(files.key)' ends that")
    }
}
