internal import OCISpec

/// Lines of cells, laid out as Docker's lists are: three spaces between columns, ten characters at least.
public enum TextTable {
    /// Aligns lines whose cells are separated by tabs; a line's last cell is not padded.
    ///
    /// - Parameters:
    ///   - lines: the lines, without their ends.
    ///   - minimumWidth: the least that a column takes, in characters, the space behind it included.
    public static func aligned(_ lines: [String], minimumWidth: Int = 10) -> String {
        let rows = lines.map { $0.parts(UInt8(ascii: "\t")) }
        var result = ""
        // A column is a run of neighbouring lines that have it: its width is that of its widest cell.
        var widths: [[Int]] = rows.map { Array(repeating: 0, count: max(0, $0.count - 1)) }
        let columns = widths.map(\.count).max() ?? 0
        for column in 0..<columns {
            var start = 0
            while start < rows.count {
                guard widths[start].count > column else {
                    start += 1
                    continue
                }
                var end = start
                var width = minimumWidth
                while end < rows.count, widths[end].count > column {
                    width = max(width, rows[end][column].unicodeScalars.count + 3)
                    end += 1
                }
                for row in start..<end { widths[row][column] = width }
                start = end
            }
        }
        for (row, cells) in rows.enumerated() {
            for (column, cell) in cells.enumerated() {
                result += cell
                if column < widths[row].count {
                    result += String(repeating: " ", count: widths[row][column] - cell.unicodeScalars.count)
                }
            }
            result += "\n"
        }
        return result
    }
}
