//! What kinds of messages, parts and resources there are.

use crate::cpex::wire::plain_enum;

plain_enum! {
    /// Who speaks in a message.
    #[derive(Copy, Hash)]
    pub enum Role {
        System = "system",
        Developer = "developer",
        User = "user",
        Assistant = "assistant",
        Tool = "tool",
    }
}

plain_enum! {
    /// Which of a model's channels a message is on.
    #[derive(Copy, Hash)]
    pub enum Channel {
        Analysis = "analysis",
        Commentary = "commentary",
        Final = "final",
    }
}

plain_enum! {
    /// What kind of content a part is.
    #[derive(Copy, Hash)]
    pub enum ContentType {
        Text = "text",
        Thinking = "thinking",
        ToolCall = "tool_call",
        ToolResult = "tool_result",
        Resource = "resource",
        ResourceRef = "resource_ref",
        PromptRequest = "prompt_request",
        PromptResult = "prompt_result",
        Image = "image",
        Video = "video",
        Audio = "audio",
        Document = "document",
    }
}

plain_enum! {
    /// What kind of resource it is.
    #[derive(Copy, Hash, Default)]
    pub enum ResourceType {
        #[default]
        File = "file",
        Blob = "blob",
        Uri = "uri",
        Database = "database",
        Api = "api",
        Memory = "memory",
        Artifact = "artifact",
    }
}
