import OCISpec
import Testing

@testable import Nestbox

@Suite struct ListFormatTests {
    private let rows: [JSONValue] = [
        ["ID": "0123456789ab", "Names": "web", "Status": "Up 2 hours"],
        ["ID": "ba9876543210", "Names": "a\u{1B}[31m\tb", "Status": ""],
    ]
    private let headers: JSONObject = ["ID": "CONTAINER ID", "Names": "NAMES", "Status": "STATUS"]

    private func text(_ format: String?, table: String = #"{{.ID}}\t{{.Status}}\t{{.Names}}"#) throws -> String {
        try ListFormat(parsing: format, table: table).text(of: rows, headers: headers)
    }

    @Test func usualTable() throws {
        #expect(
            try text(nil)
                == """
                CONTAINER ID   STATUS       NAMES
                0123456789ab   Up 2 hours   web
                ba9876543210                a\\u{1B}[31m\\tb

                """)
    }

    @Test func narrowColumnsAreTenWide() {
        #expect(TextTable.aligned(["A\tB\tC", "x\ty\tz"]) == "A         B         C\nx         y         z\n")
        #expect(TextTable.aligned([]) == "")
        #expect(TextTable.aligned(["long line without cells", "a\tb"]) == "long line without cells\na         b\n")
        #expect(TextTable.aligned(["äöü\tx"]) == "äöü       x\n")
    }

    @Test func chosenTable() throws {
        #expect(
            try text(#"table {{.Names | upper}}\t{{.ID}}"#).hasPrefix(
                "NAMES            CONTAINER ID\nWEB              0123456789ab\n"))
        #expect(try text("table {{json .ID}}") == "CONTAINER ID\n\"0123456789ab\"\n\"ba9876543210\"\n")
    }

    @Test func linesAndJSON() throws {
        #expect(try text("{{.ID}}: {{.Status}}") == "0123456789ab: Up 2 hours\nba9876543210: \n")
        #expect(try text("json").hasPrefix(#"{"ID":"0123456789ab","Names":"web","Status":"Up 2 hours"}"# + "\n"))
        #expect(throws: TemplateError.self) { try text("{{.Bogus}}") }
        #expect(throws: TemplateError.self) { try text("table {{.ID") }
    }

    @Test(
        arguments: [
            (0, "0B"), (1, "1B"), (999, "999B"), (1000, "1kB"), (1024, "1.02kB"), (4_268_000, "4.27MB"),
            (12_345_678, "12.3MB"),
            (123_456_789, "123MB"), (999_999, "1MB"), (1_000_000_000, "1GB"), (1_239_000_000, "1.24GB"),
            (9_995_000, "10MB"),
            (Int64.max, "9.22EB"), (-1500, "-1.5kB"), (1_050, "1.05kB"), (100_400, "100kB"),
        ] as [(Int64, String)])
    func sizes(bytes: Int64, expected: String) {
        #expect(HumanText.size(bytes) == expected)
    }

    @Test(
        arguments: [
            (0, "Less than a second"), (-5, "Less than a second"), (1, "1 second"), (59, "59 seconds"),
            (60, "About a minute"), (119, "About a minute"),
            (120, "2 minutes"), (3599, "59 minutes"), (3600, "About an hour"), (5399, "About an hour"),
            (5400, "2 hours"), (47 * 3600, "47 hours"),
            (48 * 3600, "2 days"), (13 * 86400, "13 days"), (14 * 86400, "2 weeks"), (59 * 86400, "8 weeks"),
            (60 * 86400, "2 months"),
            (729 * 86400, "24 months"), (730 * 86400, "2 years"),
        ] as [(Int64, String)])
    func durations(seconds: Int64, expected: String) {
        #expect(HumanText.duration(seconds: seconds) == expected)
    }

    @Test func quoting() {
        #expect(HumanText.quoted("sleep 1000000000000000000", limit: 10) == "\"sleep 100…\"")
        #expect(HumanText.quoted("a\u{9B}b\n") == "\"a\\u{009B}b\\n\"")
    }
}
