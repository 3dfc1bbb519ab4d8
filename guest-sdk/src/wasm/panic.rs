//! Tells the host about a panic.

#[cfg(feature = "std")]
pub(super) use hook::install;

#[cfg(all(feature = "panic-handler", not(feature = "std")))]
mod handler {
    use core::fmt::{self, Write};
    use core::panic::PanicInfo;

    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        let mut report = Report { bytes: [0; 512], len: 0 };
        if let Some(location) = info.location() {
            report.text(location.file());
            report.text(":");
            report.number(location.line());
            report.text(": ");
        }
        match info.message().as_str() {
            Some(message) => report.text(message),
            None => {
                let _ = write!(report, "{}", info.message());
            }
        }
        super::super::panic(report.bytes.get(..report.len).unwrap_or_default());
        core::arch::wasm32::unreachable()
    }

    /// The start of a text; what does not fit is cut off. A panic may come from the allocator, so
    /// nothing is allocated.
    struct Report {
        bytes: [u8; 512],
        len: usize,
    }

    impl Report {
        fn text(&mut self, text: &str) {
            for (to, from) in self.bytes.iter_mut().skip(self.len).zip(text.bytes()) {
                *to = from;
                self.len = self.len.wrapping_add(1);
            }
        }

        fn number(&mut self, mut number: u32) {
            let mut digits = [b'0'; 10];
            let mut len = 0_usize;
            for digit in digits.iter_mut().rev() {
                *digit = b'0'.wrapping_add((number % 10) as u8);
                number /= 10;
                len = len.wrapping_add(1);
                if number == 0 {
                    break;
                }
            }
            let digits = digits.get(digits.len().wrapping_sub(len)..).unwrap_or_default();
            self.text(core::str::from_utf8(digits).unwrap_or_default());
        }
    }

    impl Write for Report {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.text(text);
            Ok(())
        }
    }
}

#[cfg(feature = "std")]
mod hook {
    use std::boxed::Box;
    use std::string::String;
    use std::sync::Once;

    /// Tells the host of every panic from now on, before std does what it does.
    pub(in super::super) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|info| {
                let payload = info.payload();
                let message = match payload.downcast_ref::<String>() {
                    Some(message) => message,
                    None => payload
                        .downcast_ref::<&str>()
                        .copied()
                        .unwrap_or("a panic without a message"),
                };
                // Put together by hand: `format!` takes a kilobyte.
                let mut report = String::new();
                if let Some(at) = info.location() {
                    report.push_str(at.file());
                    report.push(':');
                    digits(at.line(), &mut report);
                    report.push_str(": ");
                }
                report.push_str(message);
                super::super::panic(report.as_bytes());
            }));
        });
    }

    fn digits(number: u32, out: &mut String) {
        if number >= 10 {
            digits(number / 10, out);
        }
        out.push(char::from(b'0'.wrapping_add((number % 10) as u8)));
    }
}
