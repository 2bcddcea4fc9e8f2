// Shrinks photographs before they travel: a phone's 8 MB picture becomes some 300 kB.
// Re-drawing also drops the place and the device that the camera wrote into the file.
//
//   <input type="file" accept="image/*" data-shrink="1600">    longest side in pixels

const QUALITY = 0.82;

async function shrink(file, side) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type)) return file;
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob || blob.size >= file.size) return file;
  const name = file.name.replace(/\.\w+$/, "") + ".jpg";
  return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
}

async function shrinkAll(input) {
  const side = Number(input.dataset.shrink);
  const kept = new DataTransfer();
  for (const file of input.files) {
    // A picture that this browser cannot read travels as it is; the server judges it.
    kept.items.add(await shrink(file, side).catch(() => file));
  }
  input.files = kept.files;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-shrink]")) shrinkAll(event.target);
});
