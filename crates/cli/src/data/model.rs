//! A saved network for tables, and the files that it reads.

use std::path::Path;

use chainrule::data::EncodedKind;
use chainrule::recipe::TableNetwork;
use chainrule_table::{Cells, Field, Schema};

use crate::failure::Failure;

/// The network of a file.
///
/// # Errors
/// A file that cannot be read, or that is no network for tables.
pub fn load(path: &Path) -> Result<TableNetwork, Failure> {
    TableNetwork::load(path).map_err(Failure::input)
}

/// The columns that a file must hold to be predicted from.
///
/// # Errors
/// A column whose cells are of a form that this program does not know.
pub fn schema(network: &TableNetwork) -> Result<Schema, Failure> {
    let mut forms = network.forms().iter();
    let field = |column: &chainrule::data::EncodedColumn| {
        let form = forms.next().map_or("", String::as_str);
        let cells = match &column.kind {
            EncodedKind::Categories { names, .. } => Cells::Categories(names.clone()),
            EncodedKind::Numbers { .. } => Cells::Numbers(form.parse().map_err(|why| {
                Failure::input(format!("the network's column {}: {why}", column.name))
            })?),
        };
        Ok(Field { name: column.name.clone(), cells })
    };
    Ok(Schema { fields: network.columns().iter().map(field).collect::<Result<_, Failure>>()? })
}
