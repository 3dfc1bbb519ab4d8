//! The description of CPEX's model: records and enums, one row a member.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::output::read;
use crate::ty::Type;

/// All that is described.
#[derive(Clone)]
pub(crate) struct Model {
    /// The files, in the order of their names.
    pub(crate) files: Vec<File>,
}

/// One file of the description: one module of what is generated.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The module's name: that of the file.
    #[serde(skip)]
    pub(crate) name: String,
    /// The module's documentation.
    pub(crate) doc: String,
    /// The module of `cpex-core` that has the types of the same names. praxis-policy has it too.
    pub(crate) native: String,
    #[serde(default, rename = "enum")]
    pub(crate) enums: Vec<Enum>,
    #[serde(default, rename = "record")]
    pub(crate) records: Vec<Record>,
    #[serde(default, rename = "union")]
    pub(crate) unions: Vec<Union>,
}

impl File {
    /// The names of its types.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let enums = self.enums.iter().map(|known| &*known.name);
        let records = self.records.iter().map(|record| &*record.name);
        enums.chain(records).chain(self.unions.iter().map(|union| &*union.name)).collect()
    }
}

/// An enum of which each variant has one member. JSON tells them apart by a member beside it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Union {
    pub(crate) name: String,
    /// The name in documents.
    pub(crate) called: String,
    pub(crate) doc: String,
    /// The member of the JSON object that has the variant's name.
    pub(crate) tag: String,
    /// The enum of its variants alone.
    pub(crate) kind: Option<String>,
    pub(crate) variants: Vec<Variant>,
}

/// A variant of a union.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Its one member.
    pub(crate) member: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
}

/// An enum without fields.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) variants: Vec<String>,
    /// The variant that is meant where there is none.
    pub(crate) default: Option<String>,
    /// Other names of variants in JSON: `{ AsThisWorkload = "as_gateway" }`.
    #[serde(default)]
    pub(crate) aliases: BTreeMap<String, String>,
    /// Any other text is a value too. In the model it is a text.
    #[serde(default)]
    pub(crate) open: bool,
    /// `cpex-core` may add variants.
    #[serde(default)]
    pub(crate) non_exhaustive: bool,
}

/// A record: a structure whose members cross the boundary in this order.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// The name in documents; absent: that of the type.
    pub(crate) called: Option<String>,
    pub(crate) members: Vec<Member>,
    /// The plugins that see any of it: `subject` or `credentials`. Absent: every plugin.
    pub(crate) opens: Option<String>,
    /// The part of serde that is written by hand, beside the generated code: `serialize`, `deserialize`, `both`.
    pub(crate) serde_by_hand: Option<ByHand>,
    /// A text in place of the record may be a token, so that errors do not repeat it.
    #[serde(default)]
    pub(crate) quiet: bool,
    /// Further derives of its type in `cpex-core` and the SDK.
    #[serde(default)]
    pub(crate) native_derives: Vec<String>,
    /// Its type in `cpex-core` and the SDK cannot be made of members outside.
    #[serde(default)]
    pub(crate) native_non_exhaustive: bool,
    /// The conversions from and to the engines.
    #[serde(default)]
    pub(crate) convert: Convert,
    /// The conversions from and to praxis-policy are by hand.
    #[serde(default)]
    pub(crate) praxis_by_hand: bool,
    /// Members that only praxis-policy has and plugins do not see, each with its value where a plugin makes the record.
    #[serde(default)]
    pub(crate) praxis_members: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ByHand {
    Serialize,
    Both,
}

/// Conversions between the model and `cpex-core`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Convert {
    /// Both ways.
    #[default]
    Both,
    /// To the model only: plugins read it and do not write it.
    ToModel,
    /// Members with `given = true` are read through getters and stay; the others are results.
    Payload,
    /// By hand.
    ByHand,
}

/// A member of a record.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) doc: String,
    /// The JSON of a missing value. Absent: `omit` for what ends in `?`, else `write`.
    pub(crate) json: Option<JsonRule>,
    /// The name in JSON, if it is another.
    pub(crate) json_name: Option<String>,
    /// It must be there in JSON.
    #[serde(default)]
    pub(crate) required: bool,
    /// The text that is meant if JSON has none.
    pub(crate) default: Option<String>,
    /// The function that reads it, if not the type's own.
    pub(crate) read_by: Option<String>,
    /// Number and name of the field by which a plugin reads it alone: `0x0206 SubjectRoles`.
    pub(crate) field: Option<String>,
    /// Fields of a record that stands in several places, by the path of the record.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
    /// The allowed changes of the field: `replace`, `entries` or `grow`, and the capability that it takes.
    pub(crate) write: Option<String>,
    /// The engines that have it. Conversions from another one leave it empty.
    #[serde(default)]
    pub(crate) native: Native,
    /// It is in JSON alone, so that records in postcard stay what they were.
    #[serde(default)]
    pub(crate) json_only: bool,
    /// The type in `cpex-core` and the SDK, if it is not the usual one.
    pub(crate) native_type: Option<String>,
    /// Its texts or names are looked up whatever their case, which passes all of them.
    #[serde(default)]
    pub(crate) ignores_case: bool,
    /// The capability that opens it. Without it, the member is empty.
    pub(crate) needs: Option<String>,
    /// A plugin is given it and cannot change it.
    #[serde(default)]
    pub(crate) given: bool,
    /// The module that converts it from and to praxis-policy, where its type is another one there. The adapter looks it up.
    pub(crate) praxis: Option<String>,
    /// The change that a plugin in CPEX's style makes to a slot. Absent: none.
    pub(crate) change: Option<Change>,
}

/// The way in which a plugin in CPEX's style changes a slot.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) how: How,
    /// The name of the right to change it.
    pub(crate) right: Option<String>,
    /// The name of the token that stands for the right.
    pub(crate) token: Option<String>,
    /// The capability that gives the right.
    pub(crate) capability: Option<String>,
}

/// The form of a slot in extensions that a plugin changes.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// A copy that takes a token to be changed.
    Guarded,
    /// A copy.
    Copied,
    /// The slot itself: the host takes no changes.
    Shared,
}

/// The engines that have a member: `true`, `false`, or `"praxis"` for praxis-policy alone.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NativeRow")]
pub(crate) enum Native {
    #[default]
    All,
    Praxis,
    None,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NativeRow {
    All(bool),
    One(String),
}

impl TryFrom<NativeRow> for Native {
    type Error = String;

    fn try_from(row: NativeRow) -> Result<Self, String> {
        match row {
            NativeRow::All(true) => Ok(Self::All),
            NativeRow::All(false) => Ok(Self::None),
            NativeRow::One(name) if name == "praxis" => Ok(Self::Praxis),
            NativeRow::One(name) => Err(format!("there is no engine `{name}`")),
        }
    }
}

impl Native {
    /// True if this engine has it.
    pub(crate) fn is_in(self, is_praxis: bool) -> bool {
        self == Self::All || (is_praxis && self == Self::Praxis)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JsonRule {
    /// Left out if empty.
    Omit,
    /// Written always; `null` if there is none.
    Write,
    /// Its entries stand beside the other members.
    Flatten,
}

impl Model {
    /// Reads all files of a folder, and checks them.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        let entries =
            std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            let mut file: File = toml::from_str(&read(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            file.name = name.into();
            files.push(file);
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let model = Self { files };
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), String> {
        let mut names: Vec<_> = self.enums().map(|known| &known.name).collect();
        names.extend(self.records().map(|record| &record.name));
        names.extend(self.unions().map(|union| &union.name));
        names.sort();
        for pair in names.windows(2) {
            if let [one, other] = pair
                && one == other
            {
                return Err(format!("`{one}` is described twice"));
            }
        }
        for record in self.records() {
            for member in &record.members {
                let place = format!("{}.{}", record.name, member.name);
                let ty = member.ty().map_err(|problem| format!("{place}: {problem}"))?;
                for name in ty.names() {
                    if !names.iter().any(|known| *known == name) {
                        return Err(format!("{place}: there is no `{name}`"));
                    }
                }
                if member.json_only && (member.required || member.default.is_some()) {
                    return Err(format!("{place}: what is in JSON alone may be missing"));
                }
                if member.json == Some(JsonRule::Write) && !matches!(ty, Type::Option(_)) {
                    return Err(format!("{place}: `json = \"write\"` is what it does anyway"));
                }
            }
        }
        Ok(())
    }

    /// The model without the members that an engine does not have.
    pub(crate) fn native(&self, is_praxis: bool) -> Self {
        self.only(|member| member.native.is_in(is_praxis))
    }

    /// The model without the members that are in JSON alone.
    pub(crate) fn in_postcard(&self) -> Self {
        self.only(|member| !member.json_only)
    }

    fn only(&self, is_kept: impl Fn(&Member) -> bool) -> Self {
        let mut model = self.clone();
        for record in model.files.iter_mut().flat_map(|file| &mut file.records) {
            record.members.retain(&is_kept);
        }
        model
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.files.iter().flat_map(|file| &file.records)
    }

    pub(crate) fn enums(&self) -> impl Iterator<Item = &Enum> {
        self.files.iter().flat_map(|file| &file.enums)
    }

    pub(crate) fn unions(&self) -> impl Iterator<Item = &Union> {
        self.files.iter().flat_map(|file| &file.unions)
    }

    pub(crate) fn record(&self, name: &str) -> Option<&Record> {
        self.records().find(|record| record.name == name)
    }

    /// The name of a record or union in documents.
    pub(crate) fn called<'m>(&'m self, name: &'m str) -> &'m str {
        let union = self.unions().find(|union| union.name == name);
        let record = self.record(name).and_then(|record| record.called.as_deref());
        record.or(union.map(|union| &*union.called)).unwrap_or(name)
    }

    pub(crate) fn find_enum(&self, name: &str) -> Option<&Enum> {
        self.enums().find(|known| known.name == name)
    }
}

impl Record {
    /// True if all of it may be missing in JSON.
    pub(crate) fn is_all_optional(&self) -> bool {
        !self.members.iter().any(|member| member.required)
    }

    /// True if it has a member of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// True if a plugin may see less of it than there is.
    pub(crate) fn is_filtered(&self, model: &Model) -> bool {
        self.opens.is_some() || self.members.iter().any(|member| member.is_filtered(model))
    }
}

impl Member {
    pub(crate) fn ty(&self) -> Result<Type, String> {
        Type::parse(&self.ty)
    }

    /// True if JSON leaves it out if it is empty.
    pub(crate) fn is_omitted(&self, ty: &Type) -> bool {
        match self.json {
            Some(rule) => rule == JsonRule::Omit,
            None => matches!(ty, Type::Option(_)),
        }
    }

    /// True if a plugin may see less of it than there is.
    pub(crate) fn is_filtered(&self, model: &Model) -> bool {
        self.needs.is_some() || self.filtered_record(model).is_some()
    }

    /// The record it holds, if a plugin may see less of that than there is.
    pub(crate) fn filtered_record<'m>(&self, model: &'m Model) -> Option<&'m Record> {
        let ty = self.ty().ok()?;
        let names = ty.names();
        let record = model.record(names.first()?)?;
        record.is_filtered(model).then_some(record)
    }
}

impl Enum {
    /// The variants, each with its name in JSON.
    pub(crate) fn named_variants(&self) -> impl Iterator<Item = (&str, String)> {
        self.variants.iter().map(|variant| (variant.as_str(), snake_case(variant)))
    }
}

/// `MaxTokens` as `max_tokens`, `LLMExtension` as `llm_extension`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut text = String::new();
    let mut letters = name.chars().peekable();
    let mut after_lower = false;
    while let Some(letter) = letters.next() {
        let before_lower = letters.peek().is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && !text.is_empty() && (after_lower || before_lower) {
            text.push('_');
        }
        after_lower = letter.is_ascii_lowercase();
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// `MaxTokens` as `MAX_TOKENS`, as constants in C are called.
pub(crate) fn constant_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// `read_labels` as `ReadLabels`.
pub(crate) fn camel_case(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
            })
        })
        .collect()
}
