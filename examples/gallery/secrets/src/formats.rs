//! The formats of secrets, as those who issue them publish them.

/// A format by its name.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) pattern: &'static str,
    /// Looked for only if the operator names it, as it also matches what is no secret.
    pub(crate) on_request: bool,
}

const fn format(name: &'static str, pattern: &'static str) -> Format {
    Format { name, pattern, on_request: false }
}

/// The name of the format that begins a private key.
pub(crate) const PRIVATE_KEY: &str = "private_key";

/// All formats. Classes are of ASCII, and repetitions are open, which keeps the patterns small.
pub(crate) static FORMATS: [Format; 17] = [
    format("aws_access_key_id", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    format(
        "aws_secret_access_key",
        r#"(?i-u:aws_?secret_?(?:access_?)?key["']?\s?[:=]\s?["']?)[A-Za-z0-9/+]{40}"#,
    ),
    format("github_token", r"\bgh[pousr]_[A-Za-z0-9]{36,}"),
    format("github_fine_grained_token", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,}"),
    format("gitlab_token", r"\bgl(?:pat|dt|rt|ptt|ft|cbt)-[A-Za-z0-9_-]{20,}"),
    format("slack_token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    format(
        "slack_webhook",
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}",
    ),
    format("google_api_key", r"\bAIza[A-Za-z0-9_-]{35}"),
    format("google_oauth_secret", r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    format("stripe_key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    format(
        "model_api_key",
        r"\bsk-(?:proj-|svcacct-|admin-|ant-[a-z]{3,5}[0-9]{2}-)[A-Za-z0-9_-]{20,}",
    ),
    format("sendgrid_key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    format("npm_token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    format("azure_storage_key", r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    format("json_web_token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
    format(PRIVATE_KEY, "-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----"),
    Format {
        name: "password_assignment",
        pattern: r#"(?i-u:\b(?:password|passwd|secret|api_?key|auth_?token)["']?\s?[:=]\s?["']?)[!#-&(-+\--~]{8,}"#,
        on_request: true,
    },
];
