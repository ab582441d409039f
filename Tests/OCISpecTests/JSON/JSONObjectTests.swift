import OCISpec
import Testing

@Suite struct JSONObjectTests {
    @Test func keepsOrderAndReplaces() {
        var object: JSONObject = ["b": 1, "a": 2, "b": 3]
        #expect(object.members.map(\.name) == ["b", "a"])
        #expect(object["b"] == 3)
        object["c"] = 4
        object["b"] = nil
        object["none"] = nil
        object["n"] = .some(.null)
        #expect(object.members.map(\.name) == ["a", "c", "n"])
        #expect(object["n"] == .null)
        #expect(object["missing"] == nil)
    }

    @Test func equalityIgnoresOrder() {
        let left: JSONObject = ["a": 1, "b": ["c": 2, "d": 3]]
        let right: JSONObject = ["b": ["d": 3, "c": 2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1])
        #expect(left != ["a": 1, "b": ["c": 2, "d": 4]])
        #expect(left != ["a": 1, "x": ["c": 2, "d": 3]])
    }

    @Test func looksInside() {
        let value: JSONValue = ["a": [1, "x", true], "b": nil]
        #expect(value["a"]?[0]?.integerValue == 1)
        #expect(value["a"]?[1]?.stringValue == "x")
        #expect(value["a"]?[2]?.boolValue == true)
        #expect(value["a"]?[3] == nil)
        #expect(value["a"]?["b"] == nil)
        #expect(value[0] == nil)
        #expect(value.objectValue?.count == 2)
        #expect(value["a"]?.arrayValue?.count == 3)
    }

    @Test func refusesWhatATypeDoesNotHold() {
        func message<Value: JSONCodable>(_ type: Value.Type, _ json: JSONValue) -> String? {
            do throws(JSONError) {
                _ = try Value(json: json)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(message(UInt32.self, 4_294_967_295) == nil)
        #expect(
            message(UInt32.self, 4_294_967_296)
                == "4294967296 is out of range: expected an integer from 0 to 4294967295")
        #expect(
            message(UInt32.self, -1) == "-1 is out of range: expected an integer from 0 to 4294967295")
        #expect(message(UInt64.self, .unsigned(.max)) == nil)
        #expect(message(Int64.self, .unsigned(.max)) != nil)
        #expect(message(Int.self, 1.0) == "expected an integer, found a number with fraction or exponent")
        #expect(message(Int.self, "1") == "expected an integer, found a string")
        #expect(message(Bool.self, 1) == "expected true or false, found an integer")
        #expect(message(String.self, nil) == "expected a string, found null")
        #expect(message(String.self, "a\u{0}b") == "a NUL character is not allowed here")
        #expect(message([String].self, ["a", 1]) == "[1]: expected a string, found an integer")
        #expect(
            message([String: Int].self, ["a": 1, "b.c": true])
                == "[\"b.c\"]: expected an integer, found a boolean")
        #expect(message([String: String].self, []) == "expected an object, found an array")
        #expect(message(Double.self, 3) == nil)
        #expect(message(Double.self, true) == "expected a number, found a boolean")
    }

    @Test func errorsCannotPaintTheTerminal() {
        let name = "\u{1B}[31m" + String(repeating: "x", count: 100_000)
        let error = JSONError("wrong").within(member: name).within(index: 2).within(member: "")
        #expect(error.description.utf8.count < 200)
        #expect(error.description.hasPrefix("[\"\"][2][\"\\u001b[31mxxx"))
        #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 })
        let marks = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(JSONError("wrong").within(member: marks).description.utf8.count < 200)
    }
}
