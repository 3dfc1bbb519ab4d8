//! Domains below which anybody can have a name: nobody means all of them.

/// Tells whether the names below a domain have many owners: `com`, any domain of two letters, and domains
/// that registries open below them. There are more; the rest is for the operator to know.
pub(super) fn is_of_many_owners(name: &str) -> bool {
    let is_country = name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_lowercase());
    is_country || TOP_LEVEL.contains(&name) || REGISTRIES.contains(&name)
}

/// Top-level domains that are not of a country. One that is not here may be of a network of somebody's own.
const TOP_LEVEL: &[&str] = &[
    "academy",
    "agency",
    "app",
    "arpa",
    "biz",
    "blog",
    "cloud",
    "club",
    "com",
    "company",
    "dev",
    "edu",
    "email",
    "gov",
    "info",
    "int",
    "life",
    "live",
    "mil",
    "mobi",
    "name",
    "net",
    "network",
    "news",
    "one",
    "online",
    "org",
    "page",
    "pro",
    "services",
    "shop",
    "site",
    "software",
    "solutions",
    "space",
    "store",
    "systems",
    "team",
    "tech",
    "tools",
    "top",
    "website",
    "work",
    "works",
    "world",
    "xyz",
    "zone",
];

/// Domains of countries below which anybody can have one.
const REGISTRIES: &[&str] = &[
    "ac.jp", "ac.uk", "co.id", "co.il", "co.in", "co.jp", "co.ke", "co.kr", "co.nz", "co.th",
    "co.uk", "co.za", "com.ar", "com.au", "com.br", "com.cn", "com.co", "com.hk", "com.mx",
    "com.my", "com.ng", "com.pe", "com.ph", "com.pk", "com.pl", "com.sa", "com.sg", "com.tr",
    "com.tw", "com.ua", "com.vn", "go.jp", "gov.au", "gov.uk", "ne.jp", "net.au", "net.br",
    "net.cn", "net.nz", "or.jp", "or.kr", "org.au", "org.br", "org.cn", "org.nz", "org.uk",
    "org.za",
];
