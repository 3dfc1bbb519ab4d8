//! What is known of a model's completion.

use alloc::string::String;

use crate::cpex::wire::{plain_enum, record};

plain_enum! {
    /// Why a model stopped.
    #[derive(Copy, Hash)]
    pub enum StopReason {
        End = "end",
        Return = "return",
        Call = "call",
        MaxTokens = "max_tokens",
        StopSequence = "stop_sequence",
    }
}

record! {
    /// How many tokens a completion took.
    #[derive(Debug, Default)]
    pub struct TokenUsage {
        /// Tokens read.
        #[serde(default)]
        pub input_tokens: u32,
        /// Tokens written.
        #[serde(default)]
        pub output_tokens: u32,
        /// Both.
        #[serde(default)]
        pub total_tokens: u32,
    }
}

record! {
    /// What is known of a model's completion.
    #[derive(Debug, Default)]
    pub struct CompletionExtension {
        /// Why it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stop_reason: Option<StopReason>,
        /// What it took.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tokens: Option<TokenUsage>,
        /// The model.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub model: Option<String>,
        /// The format it came in.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub raw_format: Option<String>,
        /// When it was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub created_at: Option<String>,
        /// How long it took, in milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub latency_ms: Option<u64>,
    }
}
