/// Overlays whose upper layer never waits for the disk (overlayfs.rst, "Volatile mount").
public enum VolatileOverlay {
    /// Removes the mark of a former such mount, against its use after a crash, without which its layers can be mounted again.
    ///
    /// - Parameter work: the overlay's work folder.
    public static func forget(work: String) {
        FileTree.removeAll(["\(work)/work/incompat"])
    }
}
