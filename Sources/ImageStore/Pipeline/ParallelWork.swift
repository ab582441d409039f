internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// The same work on many things, by a few threads.
enum ParallelWork {
    /// The most threads: the disk is the limit beyond, and every other command wants its share.
    private static let most = 4

    /// Does the work on every item.
    ///
    /// - Returns: the results in the items' order.
    /// - Throws: the first error; then what is left is not begun.
    static func map<Item: Sendable, Product: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) throws -> Product
    ) throws -> [Product] {
        let count = min(most, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), items.count)
        let queue = WorkQueue(items)
        let workers = try (0..<count).map { _ in
            try Worker<[(Int, Product)]> {
                var products: [(Int, Product)] = []
                while let (index, item) = queue.next() {
                    do {
                        products.append((index, try body(item)))
                    } catch {
                        queue.end()
                        throw error
                    }
                }
                return products
            }
        }
        // All of them are waited for before any error is thrown.
        let results = workers.map { worker in Result { try worker.join() } }
        return try results.flatMap { try $0.get() }.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// Hands out the items, each once.
private final class WorkQueue<Item: Sendable>: Sendable {
    private let items: [Item]
    private let taken = Atomic(0)

    init(_ items: [Item]) {
        self.items = items
    }

    func next() -> (Int, Item)? {
        let index = taken.add(1, ordering: .relaxed).oldValue
        return index < items.count ? (index, items[index]) : nil
    }

    /// Nobody gets another item.
    func end() { taken.store(items.count, ordering: .relaxed) }
}
