import CpexWasmiC

extension String {
    /// Lends the text to C. It is valid until `body` returns.
    func withText<Result>(_ body: (cpex_wasmi_text) throws -> Result) rethrows -> Result {
        var text = self
        return try text.withUTF8 { bytes in
            try bytes.withMemoryRebound(to: CChar.self) { characters in
                try body(cpex_wasmi_text(data: characters.baseAddress, len: characters.count))
            }
        }
    }
}

extension cpex_wasmi_text {
    /// A copy of the text.
    var string: String {
        guard let data = data else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: len), as: UTF8.self)
    }
}
