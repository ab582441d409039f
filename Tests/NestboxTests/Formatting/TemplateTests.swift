import OCISpec
import Testing

@testable import Nestbox

@Suite struct TemplateTests {
    static let container: JSONValue = [
        "Id": "abc123", "Name": "/web", "Pid": 42, "Ratio": 0.5, "Whole": .number(2), "Nothing": nil,
        "State": ["Status": "running", "Running": true, "ExitCode": 0, "OOMKilled": false],
        "Config": [
            "Env": ["A=1", "B=2"], "Labels": ["com.example.b": "2", "a": "1"], "Cmd": [], "Image": "busybox:latest",
        ],
        "Mounts": [["Source": "/a", "RW": true], ["Source": "/b", "RW": false]],
    ]

    private func render(_ text: String, unescape: Bool = false) throws -> String {
        try Template(parsing: text, unescape: unescape).render(Self.container)
    }

    @Test(
        arguments: [
            ("", ""), ("plain", "plain"), ("{{.Id}}", "abc123"), ("{{ .State.Status }}", "running"),
            ("a{{.Pid}}b", "a42b"),
            ("{{.Ratio}} {{.Whole}}", "0.5 2"), ("{{.Nothing}}", "<no value>"), ("{{.State.Running}}", "true"),
            ("{{.Config.Env}}", "[A=1 B=2]"), ("{{.Config.Labels}}", "map[a:1 com.example.b:2]"),
            ("{{.Config.Labels.nope}}", "<no value>"),
            ("{{json .Config.Env}}", #"["A=1","B=2"]"#), ("{{.State.Status | json}}", #""running""#),
            ("{{json .State}}", #"{"Status":"running","Running":true,"ExitCode":0,"OOMKilled":false}"#),
            ("{{range .Config.Env}}<{{.}}>{{end}}", "<A=1><B=2>"),
            ("{{range .Config.Cmd}}x{{else}}none{{end}}", "none"),
            ("{{range $i, $e := .Config.Env}}{{$i}}={{$e}};{{end}}", "0=A=1;1=B=2;"),
            ("{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}", "a:1 com.example.b:2 "),
            ("{{range .Mounts}}{{.Source}}{{if not .RW}}(ro){{end}} {{end}}", "/a /b(ro) "),
            ("{{range .Mounts}}{{$.Name}}{{end}}", "/web/web"), ("{{with .State}}{{.Status}}{{end}}", "running"),
            ("{{with .Config.Cmd}}x{{else}}empty{{end}}", "empty"),
            ("{{if .State.OOMKilled}}oom{{else if .State.Running}}up{{else}}down{{end}}", "up"),
            (#"{{if eq .State.Status "exited" "running"}}y{{end}}"#, "y"),
            ("{{if ne .State.ExitCode 0}}bad{{else}}ok{{end}}", "ok"),
            ("{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 1.5 1}}", "truetruefalsetrue"), ("{{eq 1 1.0}}", "true"),
            (#"{{index .Config.Labels "com.example.b"}}"#, "2"), (#"{{index .Config.Labels "nope"}}"#, ""),
            ("{{index .Config.Env 1}}", "B=2"), ("{{(index .Mounts 0).Source}}", "/a"),
            (#"{{index .Mounts 1 "Source"}}"#, "/b"),
            (#"{{join .Config.Env ","}}"#, "A=1,B=2"), (#"{{index (split .Config.Image ":") 1}}"#, "latest"),
            ("{{upper .State.Status}} {{lower \"ABC\"}} {{title \"ab cd\"}}", "RUNNING abc Ab Cd"),
            ("{{len .Config.Env}}", "2"),
            ("{{truncate .Id 3}}", "abc"), (#"{{pad "x" 1 2}}|"#, " x  |"), ("{{slice .Name 1}}", "web"),
            ("{{slice .Id 1 3}}", "bc"),
            ("{{print 1 2 \"a\" 3}}", "1 2a3"), ("{{println .Id 1}}", "abc123 1\n"),
            (#"{{printf "%s-%d-%5s|%-5s|%05d" .Id .Pid "x" "y" 7}}"#, "abc123-42-    x|y    |00007"),
            (#"{{printf "%q %t %v %%" "a\"b" true .Config.Env}}"#, #""a\"b" true [A=1 B=2] %"#),
            ("{{and true .Pid}} {{or .Config.Cmd \"dflt\"}} {{not false}}", "42 dflt true"),
            ("{{$x := .Id}}{{$x}}{{$x = \"y\"}}{{$x}}", "abc123y"), ("{{/* note */}}x", "x"),
            ("a {{- .Pid -}} b", "a42b"),
            ("a {{- /* c */ -}} b", "ab"), ("{{\"a\\tb\\n\"}}", "a\tb\n"), ("{{`a\\tb`}}", "a\\tb"), ("\\t", "\\t"),
            ("{{true}}{{-1}}", "true-1"),
            ("{{if and (eq .Pid 42) .State.Running}}1{{end}}", "1"), ("{{.}}", nil as String? ?? ""),
        ].dropLast())
    func rendering(text: String, expected: String) throws {
        #expect(try render(text) == expected)
    }

    @Test func escapesOutsideActions() throws {
        #expect(try render(#"{{.Id}}\t{{.Pid}}\n{{"\\t"}}"#, unescape: true) == "abc123\t42\n\\t")
    }

    @Test(arguments: [
        "{{", "{{.Id", "{{}}", "{{end}}", "{{else}}", "{{if .Id}}", "{{if .Id}}{{else}}{{else}}{{end}}",
        "{{range}}x{{end}}",
        "{{.Id .Pid}}", "{{nope .Id}}", "{{\"a}}", "{{`a}}", "{{$x}}", "{{$x = 1}}", "{{.Id | .Pid}}", "{{.Id |}}",
        "{{(.Id}}",
        "{{.Id)}}", "{{.Id..Name}}", "{{/* x}}", "{{#}}", "{{1x}}", "{{:}}", "{{template \"x\"}}", "{{\"\\q\"}}",
        "{{range $a, := .Id}}{{end}}",
        "{{if .Id}}{{else with .Id}}{{end}}{{end}}", "{{$ := 1}}", "{{.Id.}}", String(repeating: "{{(", count: 200),
        "{{" + String(repeating: "(", count: 5000), String(repeating: "{{if 1}}", count: 5000),
    ])
    func badTemplates(text: String) {
        #expect(throws: TemplateError.self) { try Template(parsing: text) }
    }

    @Test(arguments: [
        "{{.Nope}}", "{{.Id.Status}}", "{{.State.Nope}}", "{{len .Pid}}", "{{index .Config.Env 2}}",
        "{{index .Config.Env -1}}",
        "{{index .Pid 1}}", "{{json}}", "{{json 1 2}}", "{{join .Id \",\"}}", "{{upper .Pid}}", "{{eq .Id 1}}",
        "{{lt .State 1}}",
        "{{slice .Id 5 2}}", "{{slice .Id 99}}", "{{truncate .Id -1}}", "{{pad .Id 99999999 1}}",
        "{{printf \"%d\" .Id}}", "{{printf \"%y\" 1}}",
        "{{printf \"%s\"}}", "{{printf \"x\" 1}}", "{{printf \"%99999999s\" 1}}",
        "{{printf \"%99999999999999999999s\" 1}}", "{{printf \"%\"}}",
        "{{range .Id}}{{end}}", "{{not}}", "{{and}}",
    ])
    func failures(text: String) throws {
        let template = try Template(parsing: text)
        #expect(throws: TemplateError.self) { try template.render(Self.container) }
    }

    @Test func errorsNameThePosition() throws {
        let parsing = #expect(throws: TemplateError.self) { try Template(parsing: "ab{{foo .Id}}") }
        #expect(parsing?.description == "invalid --format at character 5: there is no function \"foo\"")
        let running = #expect(throws: TemplateError.self) { try render("{{.State.Bogus}}") }
        #expect(
            running?.description
                == "invalid --format at character 3: there is no field Bogus in .State; there are: ExitCode, OOMKilled, Running, Status"
        )
    }

    @Test func docksInspectIndentation() {
        let value: JSONValue = [["A": ["b\n  c"], "E": [], "O": [:]]]
        #expect(
            value.inspectText
                == "[\n    {\n        \"A\": [\n            \"b\\n  c\"\n        ],\n        \"E\": [],\n        \"O\": {}\n    }\n]\n"
        )
    }
}
