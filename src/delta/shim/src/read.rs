//! Reading: a version's metadata, live files and positions, and the commits of a range of versions.

use crate::error::{guard, Fault};
use crate::ffi::{Commit, File, Metadata, Pair, Txn};
use crate::{Snapshot, Store};
use delta_kernel::arrow::{datatypes::Schema as ArrowSchema, ffi::FFI_ArrowSchema};
use delta_kernel::commit_range::{CommitRange, DeltaAction};
use delta_kernel::crc::SetTransactionState;
use delta_kernel::engine::arrow_conversion::TryIntoArrow;
use delta_kernel::engine_data::{GetData, MapItem, RowVisitor, TypedGetData};
use delta_kernel::expressions::ColumnName;
use delta_kernel::schema::{DataType, MapType, StructField, StructType};
use delta_kernel::{EngineData, KernelError, KernelResult};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

type Columns = LazyLock<(Vec<ColumnName>, Vec<DataType>)>;
type Getters<'a> = [&'a dyn GetData<'a>];

static SCAN: Columns = LazyLock::new(|| {
    columns("path size:l modificationTime:l fileConstantValues.partitionValues:m stats deletionVector.storageType")
});
static TOMBSTONES: Columns = LazyLock::new(|| columns("remove.path remove.deletionTimestamp:l"));
static TXNS: Columns = LazyLock::new(|| columns("txn.appId txn.version:l"));
static COMMIT: Columns = LazyLock::new(|| {
    columns(
        "add.path add.size:l add.modificationTime:l add.partitionValues:m add.stats add.deletionVector.storageType \
         add.dataChange:b remove.path remove.size:l remove.deletionTimestamp:l remove.partitionValues:m remove.stats \
         remove.deletionVector.storageType remove.dataChange:b txn.appId txn.version:l commitInfo.timestamp:l \
         commitInfo.operation commitInfo.operationParameters:m",
    )
});

/// Columns by name, with `:l` long, `:b` boolean, `:m` map of text, else text.
fn columns(list: &str) -> (Vec<ColumnName>, Vec<DataType>) {
    let column = |item: &str| {
        let (name, data_type) = match item.split_once(':') {
            Some((name, "l")) => (name, DataType::LONG),
            Some((name, "b")) => (name, DataType::BOOLEAN),
            Some((name, _)) => (name, MapType::new(DataType::STRING, DataType::STRING, true).into()),
            None => (item, DataType::STRING),
        };
        (ColumnName::new(name.split('.')), data_type)
    };
    list.split_whitespace().map(column).unzip()
}

/// Calls `each` for every row of a batch.
struct Rows<F> {
    columns: &'static Columns,
    each: F,
}

impl<F: for<'a> FnMut(&Getters<'a>, usize) -> KernelResult<()>> RowVisitor for Rows<F> {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        (&self.columns.0, &self.columns.1)
    }

    fn visit<'a>(&mut self, row_count: usize, getters: &Getters<'a>) -> KernelResult<()> {
        (0..row_count).try_for_each(|row| (self.each)(getters, row))
    }
}

fn pairs(map: HashMap<String, String>) -> Vec<Pair> {
    map.into_iter().map(|(key, value)| Pair { key, value }).collect()
}

/// A path as the log has it, as it is on the disk.
fn decoded(path: &str) -> KernelResult<String> {
    let not_text = |_| KernelError::generic(format!("file path is not UTF-8: path={path}"));
    Ok(percent_encoding::percent_decode_str(path).decode_utf8().map_err(not_text)?.into_owned())
}

/// A file action: path, size, time, partition values, statistics, deletion vector and, in a commit, data change.
fn read_file<'a>(get: &Getters<'a>, row: usize) -> KernelResult<Option<File>> {
    let path: Option<&str> = get[0].get_opt(row, "path")?;
    let Some(path) = path else { return Ok(None) };
    let partition: Option<MapItem<'a>> = get[3].get_opt(row, "partitionValues")?;
    let deletion_vector: Option<&str> = get[5].get_opt(row, "deletionVector")?;
    let data_change: Option<bool> = get.get(6).map_or(Ok(None), |change| change.get_opt(row, "dataChange"))?;
    Ok(Some(File {
        path: decoded(path)?,
        size: get[1].get_opt(row, "size")?.unwrap_or(-1),
        modified_ms: get[2].get_opt(row, "modificationTime")?.unwrap_or(0),
        partition: pairs(partition.map(|p| p.materialize()).unwrap_or_default()),
        stats: get[4].get_opt(row, "stats")?.unwrap_or_default(),
        data_change: data_change.unwrap_or(true),
        has_deletion_vector: deletion_vector.is_some(),
    }))
}

fn read_txn(get: &Getters, row: usize) -> KernelResult<Option<Txn>> {
    let app_id: Option<String> = get[0].get_opt(row, "txn.appId")?;
    app_id.map(|app_id| Ok(Txn { app_id, version: get[1].get(row, "txn.version")? })).transpose()
}

fn read_commit_row<'a>(commit: &mut Commit, get: &Getters<'a>, row: usize) -> KernelResult<()> {
    commit.adds.extend(read_file(&get[0..7], row)?);
    commit.removes.extend(read_file(&get[7..14], row)?);
    commit.txns.extend(read_txn(&get[14..16], row)?);
    let timestamp: Option<i64> = get[16].get_opt(row, "commitInfo.timestamp")?;
    let operation: Option<String> = get[17].get_opt(row, "commitInfo.operation")?;
    let parameters: Option<MapItem<'a>> = get[18].get_opt(row, "commitInfo.operationParameters")?;
    commit.timestamp_ms = timestamp.unwrap_or(commit.timestamp_ms);
    commit.operation = operation.unwrap_or(std::mem::take(&mut commit.operation));
    commit.parameters.extend(pairs(parameters.map(|p| p.materialize()).unwrap_or_default()));
    Ok(())
}

impl Snapshot {
    pub fn version(&self) -> i64 {
        self.0.version() as i64
    }

    pub fn metadata(&self) -> Result<Metadata, Fault> {
        guard(|| {
            let metadata = self.0.table_configuration().metadata();
            Ok(Metadata {
                id: metadata.id().to_owned(),
                partition_columns: metadata.partition_columns().to_vec(),
                properties: pairs(metadata.configuration().clone()),
            })
        })
    }

    pub fn export_schema(&self, out: usize) -> Result<(), Fault> {
        guard(|| {
            let arrow: ArrowSchema = self.0.schema().as_ref().try_into_arrow().map_err(KernelError::from)?;
            let exported = FFI_ArrowSchema::try_from(&arrow).map_err(KernelError::from)?;
            // SAFETY: the caller gives the address of an ArrowSchema of its own to be filled.
            unsafe { std::ptr::write(out as *mut FFI_ArrowSchema, exported) };
            Ok(())
        })
    }
}

impl Store {
    /// The batches of a scan, each with its live files and their rows in it.
    pub fn scan(&self, snapshot: &Snapshot) -> KernelResult<Vec<(Box<dyn EngineData>, Vec<(usize, File)>)>> {
        let scan = snapshot.0.clone().scan_builder().build()?;
        let read = |batch: delta_kernel::scan::ScanMetadata| {
            let (data, selected) = batch.scan_files.into_parts();
            let mut files = Vec::new();
            let each = |get: &Getters, row: usize| {
                if selected.get(row).copied().unwrap_or(true) {
                    files.extend(read_file(get, row)?.map(|file| (row, file)));
                }
                Ok(())
            };
            Rows { columns: &SCAN, each }.visit_rows_of(data.as_ref())?;
            Ok((data, files))
        };
        scan.scan_metadata(self.engine.as_ref())?.map(|batch| batch.and_then(read)).collect()
    }

    pub fn files(&self, snapshot: &Snapshot) -> Result<Vec<File>, Fault> {
        guard(|| Ok(self.scan(snapshot)?.into_iter().flat_map(|(_, files)| files).map(|(_, file)| file).collect()))
    }

    pub fn tombstones(&self, snapshot: &Snapshot) -> Result<Vec<File>, Fault> {
        guard(|| {
            let fields = [("path", DataType::STRING), ("deletionTimestamp", DataType::LONG)];
            let remove = StructType::try_new(fields.map(|(name, data_type)| StructField::nullable(name, data_type)))?;
            let schema = Arc::new(StructType::try_new([StructField::nullable("remove", remove)])?);
            let mut files = Vec::new();
            for batch in snapshot.0.log_segment().read_actions(self.engine.as_ref(), schema)? {
                let each = |get: &Getters, row: usize| {
                    let path: Option<&str> = get[0].get_opt(row, "remove.path")?;
                    let Some(path) = path else { return Ok(()) };
                    let modified_ms = get[1].get_opt(row, "remove.deletionTimestamp")?.unwrap_or(0);
                    files.push(File { path: decoded(path)?, modified_ms, ..Default::default() });
                    Ok(())
                };
                Rows { columns: &TOMBSTONES, each }.visit_rows_of(batch?.actions())?;
            }
            Ok(files)
        })
    }

    /// The kernel looks up one app id at a time. All of them come from its checksum, else from a replay of the log, newest
    /// first: of each id the first one seen counts.
    pub fn txns(&self, snapshot: &Snapshot) -> Result<Vec<Txn>, Fault> {
        guard(|| {
            let engine = self.engine.as_ref();
            let crc = snapshot.0.crc_at_version();
            if let Some(SetTransactionState::Complete(map)) = crc.map(|crc| &crc.set_transaction_state) {
                let look_up = |id: &String| {
                    let version = snapshot.0.get_app_id_version(id, engine)?;
                    Ok(version.map(|version| Txn { app_id: id.clone(), version }))
                };
                return map.keys().filter_map(|id| look_up(id).transpose()).collect();
            }
            let fields = [("appId", DataType::STRING), ("version", DataType::LONG)];
            let txn = StructType::try_new(fields.map(|(name, data_type)| StructField::nullable(name, data_type)))?;
            let schema = Arc::new(StructType::try_new([StructField::nullable("txn", txn)])?);
            let (mut txns, mut seen) = (Vec::new(), HashSet::new());
            for batch in snapshot.0.log_segment().read_actions(engine, schema)? {
                let each = |get: &Getters, row: usize| {
                    txns.extend(read_txn(get, row)?.filter(|txn| seen.insert(txn.app_id.clone())));
                    Ok(())
                };
                Rows { columns: &TXNS, each }.visit_rows_of(batch?.actions())?;
            }
            Ok(txns)
        })
    }

    pub fn commits(&self, first: i64, last: i64) -> Result<Vec<Commit>, Fault> {
        guard(|| {
            let range = CommitRange::builder_for(self.url.as_str(), first as u64).with_end_version(last as u64);
            let wanted = [DeltaAction::Add, DeltaAction::Remove, DeltaAction::SetTxn, DeltaAction::CommitInfo];
            let mut commits = Vec::new();
            for found in range.build(self.engine.as_ref())?.commits(self.engine.clone(), None, &wanted)? {
                let found = found?;
                let mut commit =
                    Commit { version: found.version() as i64, timestamp_ms: found.timestamp(), ..Default::default() };
                for batch in found.get_actions(self.engine.as_ref())? {
                    let each = |get: &Getters, row: usize| read_commit_row(&mut commit, get, row);
                    Rows { columns: &COMMIT, each }.visit_rows_of(batch?.as_ref())?;
                }
                commits.push(commit);
            }
            Ok(commits)
        })
    }
}
