import OCISpec
import Testing

@Suite struct DecimalTests {
    @Test(arguments: [0, 9, 10, -1, -10, 4_294_967_295, .max, .min])
    func digitsAreThoseOfDescription(_ value: Int) {
        #expect(String(decimal: value) == value.description)
        #expect("<\(decimal: value)>" == "<\(value)>")
    }

    @Test func otherIntegersAreTaken() {
        #expect("\(decimal: UInt32.max) \(decimal: Int32.min)" == "\(UInt32.max) \(Int32.min)")
    }
}
