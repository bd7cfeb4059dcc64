//! stub
#[derive(Debug, Clone, PartialEq)]
pub struct Policy;
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: Option<String>,
}
pub fn parse(_: &str) -> Result<Policy, Vec<ParseError>> {
    Ok(Policy)
}
pub enum Capability {
    Read,
}
impl Capability {
    pub fn from_word(_: &str) -> Option<Self> {
        None
    }
}
pub fn render<'a>(_: impl Iterator<Item = (&'a str, Vec<Capability>)>) -> String {
    String::new()
}
